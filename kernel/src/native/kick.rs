//! `ThreadInterrupts`: a thread other than the interpreter thread whose code can be interrupted.
//!
//! A thread handles signals when it has a table of handlers, and from then on it also takes those that are meant for
//! the interpreter thread. So its table has an entry for every signal: what is not a kick is handed on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::PyType,
    function::{FuncArgs, IntoFuncArgs},
    pyclass,
    types::Constructor,
};

use super::{door::Door, interrupts, panics::caught};
use crate::kicks::{self, MAIN, OpenRegion, ThreadId};
use crate::native::import::from_module;

/// Signals of a thread's own doing are for nobody else; the last two cannot be handled.
const NOT_HANDED_ON: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGKILL,
    libc::SIGSTOP,
];

/// What `signal.NSIG` ends.
const NUMBERS: std::ops::Range<libc::c_int> = 1..64;

fn handed_on() -> impl Iterator<Item = libc::c_int> {
    NUMBERS.filter(|signal| !NOT_HANDED_ON.contains(signal))
}

/// The Python handler of all signals but [`kicks::KICK`], on a thread that is not the interpreter thread.
pub(super) fn hand_on(signal: libc::c_int, vm: &VirtualMachine) -> PyResult<()> {
    kicks::kick(MAIN, signal);
    kicks::handle(vm)
}

/// `begin()`, `run()` and, if `begin` did not raise, `end()`. What the calling thread is interrupted with is raised in
/// `run` alone: what begins is ended.
///
/// # Errors
/// What they raise; of `run` and `end`, the latter.
pub(super) fn enclosed(
    begin: &PyObjectRef,
    run: &PyObjectRef,
    end: &PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult {
    let held_back = kicks::HoldBack::begin();
    begin.call((), vm)?;
    drop(held_back);
    let result = kicks::handle(vm).and_then(|()| run.call((), vm));
    let _held_back = kicks::HoldBack::begin();
    end.call((), vm)?;
    result
}

/// What `sys.unraisablehook` does: KeyboardInterrupt is raised anew, in the code that runs next, where nobody has heard of
/// it. `otherwise` is called for the rest, and when nothing runs that can be interrupted.
pub(super) fn unraisable(
    otherwise: &PyObjectRef,
    unraisable: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let raised = unraisable.get_attr("exc_value", vm)?;
    if raised.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt) && interrupt_again(vm)? {
        return Ok(());
    }
    otherwise.call((unraisable,), vm).map(drop)
}

fn interrupt_again(vm: &VirtualMachine) -> PyResult<bool> {
    Ok(match kicks::this_thread() {
        None => false,
        Some(MAIN) => interrupts::ask_again(Door::of(vm)?) && kicks::kick(MAIN, kicks::INTERRUPT),
        Some(thread) => kicks::kick(thread, kicks::INTERRUPT),
    })
}

/// Where the attaching of a thread is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Asked,
    Admitted,
    Attached,
}

#[pyclass(module = "_everloop", name = "ThreadInterrupts")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct ThreadInterrupts {
    thread: OnceLock<ThreadId>,
    stage: Mutex<Stage>,
    changed: Condvar,
}

impl ThreadInterrupts {
    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_stage(&self, stage: Stage) {
        *self.lock() = stage;
        self.changed.notify_all();
    }

    fn wait_for(&self, stage: Stage, vm: &VirtualMachine) {
        vm.allow_threads(|| {
            let waiting = self.changed.wait_while(self.lock(), |now| *now != stage);
            drop(waiting);
        });
    }

    fn thread(&self, vm: &VirtualMachine) -> PyResult<ThreadId> {
        self.thread
            .get()
            .copied()
            .ok_or_else(|| vm.new_runtime_error("no thread is attached"))
    }
}

impl Constructor for ThreadInterrupts {
    type Args = ();

    fn py_new(_class: &Py<PyType>, (): (), _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[pyclass(with(Constructor))]
impl ThreadInterrupts {
    /// On the thread: makes it one that can be interrupted, once [`ThreadInterrupts::admit`] is called.
    #[pymethod]
    fn attach(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.wait_for(Stage::Admitted, vm);
        let filled = fill_table(vm);
        // Set once: one thread is started for these.
        let _ = zelf.thread.set(kicks::register_thread());
        zelf.set_stage(Stage::Attached);
        filled
    }

    /// On the interpreter thread: waits until the other one is attached. Meanwhile no signal is handled, and none lost.
    #[pymethod]
    fn admit(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let held_back = HeldBack::begin();
        let handled = rustpython_vm::signal::check_signals(vm);
        zelf.set_stage(Stage::Admitted);
        zelf.wait_for(Stage::Attached, vm);
        drop(held_back);
        handled
    }

    /// From any thread: interrupts what [`ThreadInterrupts::call`] runs or, after [`ThreadInterrupts::expect`], will
    /// run. Otherwise nothing happens, and it is false.
    #[pymethod]
    pub(super) fn interrupt(zelf: &Py<Self>) -> bool {
        zelf.thread
            .get()
            .is_some_and(|&thread| kicks::kick(thread, kicks::INTERRUPT))
    }

    /// From any thread: the thread will be asked for a call, which is interrupted also if it has not begun.
    #[pymethod]
    fn expect(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        kicks::expect_region(zelf.thread(vm)?);
        Ok(())
    }

    /// On the thread: `function(*args)`, in which an interrupt raises KeyboardInterrupt. It raises it nowhere else.
    #[pymethod]
    fn call(zelf: &Py<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        let function: PyObjectRef = args
            .take_positional()
            .ok_or_else(|| vm.new_type_error("a function is missing"))?;
        let (region, goes_on) = OpenRegion::enter(zelf.thread(vm)?);
        let result = if goes_on {
            caught(vm, || function.call(args, vm))
        } else {
            Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned()))
        };
        drop(region);
        result
    }
}

/// Gives the calling thread a table of handlers. `signal.signal` does that, on the thread that is said to be the main
/// one; the real one waits meanwhile and does not ask.
fn fill_table(vm: &VirtualMachine) -> PyResult<()> {
    let this = from_module("_thread", "get_ident", vm)?.call((), vm)?;
    let this: u64 = this.try_to_value(vm)?;
    let signals = from_module("_signal", "signal", vm)?;
    let (kicked, hand_on) = (
        from_module("_everloop", "kicked", vm)?,
        from_module("_everloop", "hand_on", vm)?,
    );
    let set = |signal: libc::c_int, handler: &PyObjectRef| {
        signals.call((signal, handler.clone()).into_args(vm), vm)
    };
    let main = vm.state.main_thread_ident.swap(this);
    let filled = set(kicks::KICK, &kicked);
    for signal in handed_on().filter(|&signal| signal != kicks::KICK) {
        // The C library keeps some numbers for itself, and nobody else can handle them either.
        let _ = set(signal, &hand_on);
    }
    vm.state.main_thread_ident.store(main);
    filled.map(drop)
}

/// Signals that arrived while they were held back.
static HELD_BACK: AtomicU64 = AtomicU64::new(0);

extern "C" fn hold_back(signal: libc::c_int) {
    HELD_BACK.fetch_or(1 << signal, Ordering::Relaxed);
}

/// While this lives, signals with a handler in the process are not told to RustPython, of which a thread would take
/// them whose table is not complete; afterwards all is as it was.
struct HeldBack {
    before: Vec<(libc::c_int, libc::sigaction)>,
}

impl HeldBack {
    fn begin() -> Self {
        let before: Vec<_> = handed_on()
            .filter_map(|signal| action_of(signal).map(|action| (signal, action)))
            .collect();
        for (signal, action) in &before {
            if ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction) {
                let mut holding = *action;
                holding.sa_sigaction = hold_back as *const () as libc::sighandler_t;
                holding.sa_flags &= !libc::SA_SIGINFO;
                set_action(*signal, &holding);
            }
        }
        Self { before }
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        for (signal, action) in &self.before {
            set_action(*signal, action);
        }
        let arrived = HELD_BACK.swap(0, Ordering::Relaxed);
        for signal in handed_on().filter(|signal| arrived & (1 << signal) != 0) {
            kicks::raise(signal);
        }
    }
}

fn action_of(signal: libc::c_int) -> Option<libc::sigaction> {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: `action` is read if the call has filled it.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        (libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0).then_some(action)
    }
}

fn set_action(signal: libc::c_int, action: &libc::sigaction) {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: `action` is one that the signal had, or has a handler that does no more than an atomic instruction.
    unsafe {
        libc::sigaction(signal, &raw const *action, std::ptr::null_mut())
    };
}
