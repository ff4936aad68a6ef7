//! Decoding the frozen modules that the start imports, on a thread of its own: what the first of them do takes as long as
//! decoding the rest.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustpython_vm::{
    Interpreter, PyObjectRef, PyRef, PyResult, VirtualMachine, builtins::PyCode, import,
};

/// In the order in which they are imported. One that is missing here, or that nobody imports, costs its time and nothing else.
const OF_START: &[&str] = &[
    "os",
    "abc",
    "stat",
    "_collections_abc",
    "posixpath",
    "genericpath",
    "everloop.process",
    "threading",
    "functools",
    "collections",
    "keyword",
    "operator",
    "reprlib",
    "types",
    "_weakrefset",
    "everloop.streams",
    "contextlib",
    "io",
    "everloop.executable",
    "everloop.ipython",
    "everloop.ipython.loading",
    "everloop.compat",
    "everloop.compat.debuggers",
    "everloop.compat.imports",
    "importlib",
    "everloop.event",
    "weakref",
    "encodings.utf_8_sig",
    "everloop.early_loop",
    "everloop.background",
    "everloop.parent",
    "contextvars",
    "everloop.shell",
    "everloop.bare",
    "everloop.tracebacks",
    "linecache",
    "everloop.autoawait",
    "everloop.runners",
    "everloop.runners.asyncio_",
    "everloop.runners.runner",
    "everloop.commands",
    "everloop.displayhook",
    "everloop.namespace",
    "everloop.run",
    "everloop.remarks",
    "everloop.tasks",
    "everloop.comms",
    "everloop.handlers",
    "everloop.display",
    "everloop.stdin",
    "everloop.compat.extensions",
    "everloop.compat.access",
    "everloop.compat.annotations",
    "everloop.compat.classes",
    "everloop.compat.decimal",
    "everloop.compat.missing",
    "everloop.compat.negative_numbers",
    "everloop.compat.signals",
    "everloop.compat.operators",
    "everloop.interrupts",
    "everloop.compat.interruptible",
    "_sitebuiltins",
];

/// What `_imp` has for the import of frozen modules.
const DOOR: &str = "get_frozen_object";

static AHEAD: Mutex<Option<Ahead>> = Mutex::new(None);

struct Ahead {
    waiting: VecDeque<&'static str>,
    decoded: HashMap<&'static str, PyRef<PyCode>>,
    /// RustPython's function of the name [`DOOR`].
    before: PyObjectRef,
}

fn ahead() -> MutexGuard<'static, Option<Ahead>> {
    AHEAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets frozen modules be decoded from here on, until [`end`].
pub(super) fn begin(interpreter: &Interpreter, vm: &VirtualMachine) -> PyResult<()> {
    let imp = vm.import("_imp", 0)?;
    let before = imp.get_attr(DOOR, vm)?;
    *ahead() = Some(Ahead {
        waiting: OF_START.iter().copied().collect(),
        decoded: HashMap::new(),
        before,
    });
    imp.set_attr(
        DOOR,
        crate::native::import::from_module("_everloop", DOOR, vm)?,
        vm,
    )?;
    let decode = interpreter.new_thread().make_spawn_func(decode);
    if let Err(error) = std::thread::Builder::new()
        .name("frozen".to_owned())
        .spawn(decode)
    {
        tracing::debug!(%error, "frozen modules are decoded when they are imported");
    }
    Ok(())
}

/// The start is over: the import of frozen modules is RustPython's again.
pub(crate) fn end(vm: &VirtualMachine) -> PyResult<()> {
    let ended = ahead().take();
    match ended {
        Some(ended) => vm.import("_imp", 0)?.set_attr(DOOR, ended.before, vm),
        None => Ok(()),
    }
}

/// The code of a frozen module, as `_imp.get_frozen_object`.
pub(crate) fn get_frozen_object(name: &str, vm: &VirtualMachine) -> PyResult<PyRef<PyCode>> {
    let decoded = ahead().as_mut().and_then(|ahead| {
        ahead.waiting.retain(|waiting| *waiting != name);
        ahead.decoded.remove(name)
    });
    match decoded {
        Some(code) => Ok(code),
        None => import::make_frozen(vm, name),
    }
}

fn decode(vm: &VirtualMachine) {
    while let Some(name) = next() {
        if let Ok(code) = import::make_frozen(vm, name) {
            keep(name, code);
        }
        // A collection of garbage on the interpreter thread waits for this one.
        vm.allow_threads(|| ());
    }
}

fn next() -> Option<&'static str> {
    ahead().as_mut().and_then(|ahead| ahead.waiting.pop_front())
}

fn keep(name: &'static str, code: PyRef<PyCode>) {
    if let Some(ahead) = &mut *ahead() {
        ahead.decoded.insert(name, code);
    }
}
