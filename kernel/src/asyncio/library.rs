//! The parts of asyncio's Python that the native part needs: its exceptions, and the texts of its reprs.

use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDict, PyTypeRef},
};

/// A class of `asyncio.exceptions`, looked up once.
fn exception_class(
    cell: &'static OnceLock<PyTypeRef>,
    name: &'static str,
    vm: &VirtualMachine,
) -> PyResult<PyTypeRef> {
    if let Some(class) = cell.get() {
        return Ok(class.clone());
    }
    let class = crate::native::import::from_module("asyncio.exceptions", name, vm)?
        .downcast()
        .map_err(|_| vm.new_type_error(format!("asyncio.exceptions.{name} is not a class")))?;
    Ok(cell.get_or_init(|| class).clone())
}

static CANCELLED_ERROR: OnceLock<PyTypeRef> = OnceLock::new();

pub(super) fn cancelled_error_class(vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    exception_class(&CANCELLED_ERROR, "CancelledError", vm)
}

/// Imports nothing: before the class is there nothing is one.
pub(super) fn is_cancelled_error(raised: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    if CANCELLED_ERROR.get().is_none() {
        let modules = vm.sys_module.get_attr("modules", vm)?;
        if let Some(modules) = modules.downcast_ref::<PyDict>()
            && modules.get_item_opt("asyncio.exceptions", vm)?.is_none()
        {
            return Ok(false);
        }
    }
    let class = cancelled_error_class(vm)?;
    Ok(raised.fast_isinstance(&class))
}

pub(super) fn invalid_state(message: &str, vm: &VirtualMachine) -> PyBaseExceptionRef {
    static INVALID_STATE_ERROR: OnceLock<PyTypeRef> = OnceLock::new();
    match exception_class(&INVALID_STATE_ERROR, "InvalidStateError", vm) {
        Ok(class) => vm.new_exception(class, vec![vm.ctx.new_str(message).into()]),
        Err(error) => error,
    }
}

/// The stack of the caller, as debug mode keeps it for messages.
pub(super) fn extract_stack(vm: &VirtualMachine) -> PyResult {
    crate::native::import::from_module("traceback", "extract_stack", vm)?.call((), vm)
}

/// What stands between `<Future` and `>`: the parts that a function of asyncio returns as a list.
pub(super) fn repr_info(
    module: &'static str,
    function: &'static str,
    future: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<String> {
    let parts =
        crate::native::import::from_module(module, function, vm)?.call((future.to_owned(),), vm)?;
    let separator = vm.ctx.new_str(" ");
    let text = vm.call_method(separator.as_object(), "join", (parts,))?;
    Ok(text.str(vm)?.to_string_lossy().into_owned())
}

/// Tells the loop's exception handler.
pub(super) fn call_exception_handler(
    event_loop: &PyObject,
    entries: Vec<(&'static str, PyObjectRef)>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let context = vm.ctx.new_dict();
    for (key, value) in entries {
        context.set_item(key, value, vm)?;
    }
    vm.call_method(event_loop, "call_exception_handler", (context,))
        .map(drop)
}
