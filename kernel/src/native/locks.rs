//! `Lock.acquire` and `RLock.acquire`, which an interrupt can end.
//!
//! The interpreter waits for a lock without looking at signals. On the threads that handle signals it waits in slices here,
//! between which pending ones are handled; whoever releases the lock still ends the wait at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyFloat, PyInt, PyType},
    function::{Callee, FuncArgs, PyMethodDef, PyMethodFlags},
    signal::check_signals,
};

use super::doc::doc_of;
use super::import::from_module;
use crate::kicks;

/// For how long a signal may stay unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// The methods that wait; `__enter__` is called without arguments.
const NAMES: [&str; 3] = ["acquire", "acquire_lock", "__enter__"];

/// A class of locks with the interpreter's own `acquire`, and the definitions of what stands in the place of its methods.
/// Classes are the process's, so interpreters share all this.
struct LockClass {
    class: PyRef<PyType>,
    interpreters_acquire: PyObjectRef,
    methods: [PyMethodDef; 3],
}

static CLASSES: OnceLock<[LockClass; 2]> = OnceLock::new();

/// Puts the functions of this file in the place of the interpreter's.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    if CLASSES.get().is_some() {
        return Ok(());
    }
    let classes = [LockClass::of("LockType", vm)?, LockClass::of("RLock", vm)?];
    for of_class in CLASSES.get_or_init(|| classes) {
        let class: &'static Py<PyType> = &of_class.class;
        for method in &of_class.methods {
            let built = method.build_method(&vm.ctx, class);
            class.set_attr(vm.ctx.intern_str(method.name), built.into());
        }
    }
    Ok(())
}

impl LockClass {
    fn of(name: &str, vm: &VirtualMachine) -> PyResult<Self> {
        let class = PyRef::<PyType>::try_from_object(vm, from_module("_thread", name, vm)?)?;
        let interpreters_acquire = class.as_object().get_attr("acquire", vm)?;
        let doc = doc_of(&interpreters_acquire, vm)?;
        let method = |name| PyMethodDef::new_raw_const(name, acquire, PyMethodFlags::METHOD, doc);
        Ok(Self {
            class,
            interpreters_acquire,
            methods: NAMES.map(method),
        })
    }
}

fn acquire(vm: &VirtualMachine, arguments: FuncArgs, _callee: Callee) -> PyResult {
    let classes = CLASSES.get().expect("only what was installed is called");
    let lock = arguments.args.first();
    let is_one = |of: &&LockClass| lock.is_some_and(|lock| lock.fast_isinstance(&of.class));
    let of_class = classes.iter().find(is_one).unwrap_or(&classes[0]);
    let own = &of_class.interpreters_acquire;
    match (lock, Limit::asked_for(&arguments, vm)) {
        (Some(lock), Some(limit)) if kicks::this_thread().is_some() => {
            wait_for(lock, limit, own, vm)
        }
        _ => own.call(arguments, vm),
    }
}

/// When to stop waiting.
enum Limit {
    Never,
    At(Instant),
}

impl Limit {
    /// None for what the interpreter does as well, or refuses: not waiting at all, and wrong arguments.
    fn asked_for(arguments: &FuncArgs, vm: &VirtualMachine) -> Option<Self> {
        let [_, given @ ..] = &*arguments.args else {
            return None;
        };
        if given.len() > 2 {
            return None;
        }
        let (mut blocking, mut timeout) = (given.first(), given.get(1));
        for (name, value) in &arguments.kwargs {
            match name.as_bytes() {
                b"blocking" if blocking.is_none() => blocking = Some(value),
                b"timeout" if timeout.is_none() => timeout = Some(value),
                _ => return None,
            }
        }
        if blocking.is_some_and(|blocking| number(blocking, vm).is_none_or(|value| value == 0.0)) {
            return None;
        }
        match timeout.map(|timeout| number(timeout, vm)) {
            None | Some(Some(-1.0)) => Some(Self::Never),
            Some(seconds) => {
                let timeout = Duration::try_from_secs_f64(seconds?).ok()?;
                Instant::now().checked_add(timeout).map(Self::At)
            }
        }
    }

    fn left(&self) -> Duration {
        match self {
            Self::Never => Duration::MAX,
            Self::At(end) => end.saturating_duration_since(Instant::now()),
        }
    }
}

fn number(object: &PyObject, vm: &VirtualMachine) -> Option<f64> {
    match object.downcast_ref::<PyInt>() {
        Some(int) => int.try_to_primitive::<i32>(vm).ok().map(f64::from),
        None => object.downcast_ref::<PyFloat>().map(Py::to_f64),
    }
}

/// Whether `lock` was taken by the interpreter's function `own` within `limit`.
fn wait_for(lock: &PyObject, limit: Limit, own: &PyObject, vm: &VirtualMachine) -> PyResult {
    // Most are free.
    let taken = own.call((lock.to_owned(), false), vm)?;
    if taken.is(&vm.ctx.true_value) {
        return Ok(taken);
    }
    loop {
        let left = limit.left();
        let slice = left.min(SLICE).as_secs_f64();
        let taken = own.call((lock.to_owned(), true, slice), vm)?;
        if left <= SLICE || taken.is(&vm.ctx.true_value) {
            return Ok(taken);
        }
        check_signals(vm)?;
        // A thread that looks this seldom would find the signal taken by another one.
        kicks::handle(vm)?;
    }
}

#[cfg(test)]
mod tests {
    use rustpython::InterpreterBuilderExt;

    use super::*;

    const WAITS_OUT_ITS_TIME: &str = "
import _signal, _thread, time

class Heard(Exception):
    pass

def raise_heard(*_):
    raise Heard

_signal.signal(_signal.SIGALRM, raise_heard)
lock = _thread.allocate_lock()
lock.acquire()
begun = time.monotonic()
_signal.setitimer(_signal.ITIMER_REAL, 0.05)
try:
    lock.acquire(timeout=0.5)
    _signal.pause()
except Heard:
    pass
assert time.monotonic() - begun >= 0.5
";

    /// When this fails, this file is no longer needed.
    #[test]
    fn the_interpreter_alone_does_not_look_at_signals() {
        // In a process of its own, as each test has one: classes are the process's.
        if CLASSES.get().is_none() {
            let interpreter = rustpython::InterpreterBuilder::new().init_stdlib().build();
            interpreter.enter(|vm| {
                let ended = vm.run_simple_string(WAITS_OUT_ITS_TIME);
                assert!(ended.is_ok());
            });
        }
    }
}
