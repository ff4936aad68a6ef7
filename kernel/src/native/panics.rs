//! A panic of the interpreter is an exception of Python's where the code was called that led to it: `SystemError`, which
//! ends a cell, a task, a callback or a thread as every other exception does, and not the kernel.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, catch_unwind};

use rustpython_vm::frame::InterpreterFrame;
use rustpython_vm::vm::thread::{get_current_frame, set_current_frame};
use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine, builtins::PyBaseExceptionRef,
};

use super::stack::write_stack;
use crate::fatal::{self, give_alternate_stack};

thread_local! {
    /// Where the calling thread panicked last.
    static PLACE: RefCell<Place> = const {
        RefCell::new(Place {
            source: String::new(),
            stack: String::new(),
        })
    };
}

#[derive(Default)]
struct Place {
    /// `crate/file:line`.
    source: String,
    /// The Python stack.
    stack: String,
}

/// What is done when a thread panics, before anybody catches it: a line in the log.
pub(crate) fn note(panic: &PanicHookInfo<'_>) {
    let source = panic.location().map(source).unwrap_or_default();
    let mut stack = String::new();
    // Writing to a String cannot fail.
    let _ = write_stack(&mut stack);
    tracing::error!("{panic}\n{stack}");
    PLACE.set(Place { source, stack });
    let text = text_of(panic.payload());
    if NOBODY_IS_SERVED.iter().any(|part| text.contains(part)) {
        fatal::give_up(fatal::DESCRIPTORS_CLOSED);
    }
}

/// What tokio panics with when its own descriptors are gone, after which it goes on without serving anybody.
const NOBODY_IS_SERVED: [&str; 2] = ["I/O driver", "self-pipe"];

/// Without the directory of the registry.
fn source(location: &Location<'_>) -> String {
    let file = location.file();
    let file = file
        .split_once("registry/src/")
        .and_then(|(_, file)| file.split_once('/'))
        .map_or(file, |(_, file)| file);
    format!("{file}:{}", location.line())
}

/// What `action` returns, or the panic in it as an exception.
pub(crate) fn caught<T>(vm: &VirtualMachine, action: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let before = Before::of(vm);
    // The interpreter's own state is put back; of objects that the panic left half changed, Python sees what is there.
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|panic| {
        before.restore(vm);
        Err(system_error(&*panic, vm))
    })
}

/// `function()`, which is all that the calling thread runs: what ends it is told.
pub(super) fn run_thread(function: &PyObjectRef, vm: &VirtualMachine) -> PyResult {
    give_alternate_stack();
    forget_ended_threads(vm);
    caught(vm, || function.call((), vm))
}

/// The interpreter notes each thread that is started, for children that are forked, and forgets none.
fn forget_ended_threads(vm: &VirtualMachine) {
    vm.state
        .thread_handles
        .lock()
        .retain(|(handle, _)| handle.strong_count() > 0);
}

/// What frames that were left without an end have not put back.
struct Before {
    frame: *const InterpreterFrame,
    contexts: usize,
    exception: Option<PyBaseExceptionRef>,
    task: Option<PyObjectRef>,
}

impl Before {
    fn of(vm: &VirtualMachine) -> Self {
        Self {
            frame: get_current_frame(),
            contexts: vm.context_stack.borrow().len(),
            exception: vm.current_exception(),
            task: vm.asyncio_running_task.borrow().clone(),
        }
    }

    fn restore(self, vm: &VirtualMachine) {
        let _ = set_current_frame(self.frame);
        let left = vm.context_stack.borrow_mut().split_off(self.contexts);
        drop(left);
        vm.set_exception(self.exception);
        let task = vm.asyncio_running_task.replace(self.task);
        drop(task);
    }
}

fn system_error(panic: &(dyn Any + Send), vm: &VirtualMachine) -> PyBaseExceptionRef {
    let place = PLACE.take();
    let message = format!(
        "the interpreter failed, which is a defect of it: {} ({})",
        text_of(panic),
        place.source
    );
    let raised = vm.new_system_error(message);
    if !place.stack.is_empty() {
        let note = format!("Python stack, the innermost call first:\n{}", place.stack);
        // Without it the exception says what is most needed.
        let _ = vm.call_method(
            raised.as_object(),
            "add_note",
            (note.trim_end().to_owned(),),
        );
    }
    raised
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("panic")
}
