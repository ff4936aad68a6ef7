//! What native awaitables that stand in the place of coroutines have in common.

use rustpython_vm::{
    PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseException, PyBaseExceptionRef},
    function::OptionalArg,
};

use crate::asyncio::Future;

pub(super) fn is_done(future: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    match Future::exact(future) {
        Some(future) => Ok(!future.state_is_pending()),
        None => vm.call_method(future, "done", ())?.try_to_bool(vm),
    }
}

pub(super) fn result_of(future: &PyObject, vm: &VirtualMachine) -> PyResult {
    match Future::exact(future) {
        Some(future) => future.outcome(vm),
        None => vm.call_method(future, "result", ()),
    }
}

/// As `Future.__await__` does before it yields the future: a task takes no other.
pub(super) fn mark_awaited(future: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    match Future::exact(future) {
        Some(future) => {
            future.mark_awaited();
            Ok(())
        }
        None => future.set_attr("_asyncio_future_blocking", vm.ctx.new_bool(true), vm),
    }
}

/// The exception that `throw(type)` or `throw(instance)` means.
pub(super) fn thrown(
    exc_type: PyObjectRef,
    exc_val: OptionalArg,
    vm: &VirtualMachine,
) -> PyResult<PyBaseExceptionRef> {
    if exc_type.downcast_ref::<PyBaseException>().is_some() {
        return Ok(exception_of(exc_type, vm));
    }
    let value = exc_val.into_option().filter(|value| !vm.is_none(value));
    match value {
        Some(value) if value.downcast_ref::<PyBaseException>().is_some() => {
            Ok(exception_of(value, vm))
        }
        Some(value) => Ok(exception_of(exc_type.call((value,), vm)?, vm)),
        None => Ok(exception_of(exc_type.call((), vm)?, vm)),
    }
}

pub(super) fn exception_of(object: PyObjectRef, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match object.downcast() {
        Ok(exception) => exception,
        Err(_) => vm.new_type_error("exceptions must derive from BaseException"),
    }
}

/// As a coroutine warns that is dropped before it began: that is most likely a mistake.
pub(super) fn warn_never_awaited(name: &str, vm: &VirtualMachine) -> PyResult<()> {
    let message = format!("coroutine '{name}' was never awaited");
    let category = Some(vm.ctx.exceptions.runtime_warning.to_owned());
    rustpython_vm::warn::warn(vm.ctx.new_str(message).into(), category, 1, None, vm)
}
