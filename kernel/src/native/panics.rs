//! A panic of the interpreter is an exception of Python's where the code was called that led to it: `SystemError`, which
//! ends a cell, a task, a callback or a thread as every other exception does, and not the kernel.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use rustpython_vm::frame::InterpreterFrame;
use rustpython_vm::vm::thread::{get_current_frame, set_current_frame};
use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine, builtins::PyBaseExceptionRef, function::FuncArgs,
};

thread_local! {
    /// Where the calling thread panicked last, as `file:line`.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What is done when a thread panics, before anybody catches it: a line in the log.
pub(crate) fn note(panic: &PanicHookInfo<'_>) {
    tracing::error!("{panic}");
    if let Some(location) = panic.location() {
        PLACE.set(format!("{}:{}", location.file(), location.line()));
    }
}

/// What `action` returns, or the panic in it as an exception.
pub(crate) fn caught<T>(
    vm: &VirtualMachine,
    action: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    let before = Before::of(vm);
    // The interpreter's own state is put back; of objects that the panic left half changed, Python sees what is there.
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|panic| {
        before.restore(vm);
        Err(system_error(&*panic, vm))
    })
}

/// `function(*args)`, for Python code that wants a panic as an exception.
pub(super) fn call(mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let function: PyObjectRef = args
        .take_positional()
        .ok_or_else(|| vm.new_type_error("a function is missing"))?;
    caught(vm, || function.call(args, vm))
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
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let place = PLACE.take();
    let message = format!(
        "the interpreter failed, which is a defect of it: {} ({place})",
        text.unwrap_or("panic")
    );
    vm.new_exception_msg(
        vm.ctx.exceptions.system_error.to_owned(),
        message.into(),
    )
}
