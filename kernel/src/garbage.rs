//! The older generations of the collector of cycles.
//!
//! RustPython collects the youngest generation by itself and never another one, so a cycle that was in use when that
//! happened would stay for ever: a tree whose nodes know their parent, a traceback that somebody had kept. What CPython
//! does is done here: after some collections of the youngest generation the middle one is collected, and everything when
//! what has survived is a quarter of what survived the last time.
//!
//! [`Sentinel`] tells when the youngest generation was collected, inside of which no other collection can begin. So the
//! interpreter is asked to look between two instructions, as it is for signals.
//!
//! And after a cell that had many objects which are gone, the allocator gives their memory back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    common::lock::PyMutex,
    gc_state::gc_state,
    object::{Traverse, TraverseFn},
    pyclass,
    signal::{UserSignalSender, user_signal_channel},
    types::Destructor,
};

use crate::{kicks, memory};

/// How many objects there may be before everything is collected for the first time: the kernel with IPython and a few
/// libraries has half as many, of which nothing is garbage.
const FIRST: usize = 100_000;

/// How many objects of the middle generation are worth a collection at least, whatever the thresholds are: each of them
/// asks the interpreter to look.
const LEAST: usize = 5_000;

/// With a smaller threshold of the youngest generation nothing is looked at: a sentinel for every few objects would take
/// most of the time.
const LEAST_YOUNG: u32 = 100;

/// Whether there is a sentinel.
static IS_PLANTED: AtomicBool = AtomicBool::new(false);

/// Objects that survived the last collection of everything.
static SURVIVORS: AtomicUsize = AtomicUsize::new(0);

/// To the interpreter of a program, which is not kicked.
static PROGRAM: Mutex<Option<UserSignalSender>> = Mutex::new(None);

/// The most objects that there were since memory was given back.
static MOST: AtomicUsize = AtomicUsize::new(0);

/// How many of them have to be gone: they had some 50 MB.
const MANY: usize = 500_000;

/// Gives memory back to the operating system if there were many objects which are gone. By itself the allocator does so
/// only when others are made.
pub(crate) fn give_back_if_much() {
    let objects = count();
    if MOST.load(Ordering::Relaxed) < objects + MANY {
        return;
    }
    MOST.store(objects, Ordering::Relaxed);
    memory::give_back_free();
}

/// Objects of all generations.
fn count() -> usize {
    let (young, middle, old) = gc_state().get_count();
    young + middle + old
}

/// Lets the older generations be collected in an interpreter that is being built.
pub(crate) fn watch(vm: &mut VirtualMachine) {
    let (sender, receiver) = user_signal_channel();
    vm.set_user_signal_channel(receiver);
    *PROGRAM.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    SURVIVORS.store(0, Ordering::Relaxed);
    IS_PLANTED.store(false, Ordering::Release);
}

/// Plants a sentinel if there is none: the first of the interpreter, or one after the threshold was too small for them.
pub(crate) fn begin(vm: &VirtualMachine) {
    let (young_objects, ..) = vm.state.gc.get_threshold();
    if young_objects >= LEAST_YOUNG && !IS_PLANTED.swap(true, Ordering::AcqRel) {
        Sentinel::plant(vm);
    }
}

/// Collects the generations that are due, if any; between two instructions, where nothing of the interpreter is locked.
pub(crate) fn collect_if_due(vm: &VirtualMachine) {
    let Some(generation) = due(vm) else {
        return;
    };
    vm.state.gc.collect(generation);
    if generation == OLDEST {
        let (_, middle, old) = gc_state().get_count();
        SURVIVORS.store(middle + old, Ordering::Relaxed);
    }
}

const MIDDLE: usize = 1;
const OLDEST: usize = 2;

fn due(vm: &VirtualMachine) -> Option<usize> {
    let gc = &vm.state.gc;
    if !gc.is_enabled() {
        return None;
    }
    let (_, middle, old) = gc_state().get_count();
    // Both are thresholds of `gc.set_threshold`: the second counts collections of as many objects as the first says.
    let (young_objects, collections, _) = gc.get_threshold();
    let batch = young_objects as usize * collections as usize;
    let survivors = SURVIVORS.load(Ordering::Relaxed);
    if batch == 0 || middle < batch.max(LEAST) {
        return None;
    }
    if survivors == 0 {
        return (middle + old >= FIRST).then_some(OLDEST);
    }
    let has_grown = middle + old > survivors + survivors / 4 + batch;
    Some(if has_grown { OLDEST } else { MIDDLE })
}

fn ask_to_collect(vm: &VirtualMachine) {
    MOST.fetch_max(count(), Ordering::Relaxed);
    if due(vm).is_none() || kicks::look() {
        return;
    }
    if let Some(program) = &*PROGRAM.lock().unwrap_or_else(PoisonError::into_inner) {
        // The interpreter is gone: so is the garbage.
        drop(program.send(Box::new(|vm| {
            collect_if_due(vm);
            Ok(())
        })));
    }
}

/// Garbage from the beginning, since nothing but itself refers to it.
#[pyclass(module = "_everloop", name = "Sentinel", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Sentinel {
    itself: PyMutex<Option<PyObjectRef>>,
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: the one reference that is owned is visited once.
unsafe impl Traverse for Sentinel {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.itself.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.itself.get_mut().take());
    }
}

#[pyclass(with(Destructor))]
impl Sentinel {
    fn plant(vm: &VirtualMachine) {
        let itself = PyMutex::new(None);
        let sentinel = Self { itself }.into_ref(&vm.ctx);
        *sentinel.itself.lock() = Some(sentinel.clone().into());
    }
}

impl Destructor for Sentinel {
    fn del(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        IS_PLANTED.store(false, Ordering::Release);
        ask_to_collect(vm);
        begin(vm);
        Ok(())
    }
}
