//! How handles show themselves, as in `asyncio.events` and `asyncio.format_helpers`.

use rustpython_vm::{
    AsObject, PyObject, PyResult, VirtualMachine,
    function::{FuncArgs, KwArgs},
};

use super::handle::Handle;

/// `<name details callback created at file:line>`, as `asyncio.events.Handle.__repr__`.
pub(super) fn show(
    handle: &Handle,
    name: &str,
    details: &str,
    vm: &VirtualMachine,
) -> PyResult<String> {
    if let Some(repr) = handle.cancelled_repr() {
        return Ok(repr);
    }
    let mut words = vec![name.to_owned()];
    if handle.is_cancelled() {
        words.push("cancelled".to_owned());
    }
    if !details.is_empty() {
        words.push(details.to_owned());
    }
    words.extend(callback_repr(handle, vm)?);
    words.extend(created_at(handle, vm)?);
    Ok(format!("<{}>", words.join(" ")))
}

/// `name(args) at file:line`, as asyncio shows it in its messages; nothing of a cancelled handle.
pub(super) fn callback_repr(handle: &Handle, vm: &VirtualMachine) -> PyResult<Option<String>> {
    let Some(callback) = handle.callback() else {
        return Ok(None);
    };
    let format = from_asyncio("format_helpers", "_format_callback_source", vm)?;
    let debug = vm.call_method(handle.event_loop(), "get_debug", ())?;
    let args = vm.ctx.new_tuple(callback.args);
    let args = FuncArgs::new(
        vec![callback.function, args.into()],
        KwArgs::from_iter([("debug".to_owned(), debug)]),
    );
    let text = format.call(args, vm)?;
    Ok(Some(text.str(vm)?.to_string_lossy().into_owned()))
}

/// `created at file:line`, in debug mode.
fn created_at(handle: &Handle, vm: &VirtualMachine) -> PyResult<Option<String>> {
    let Some(traceback) = handle.source_traceback() else {
        return Ok(None);
    };
    if traceback.length(vm)? == 0 {
        return Ok(None);
    }
    let item = |of: &PyObject, index: i32| of.get_item(vm.ctx.new_int(index).as_object(), vm);
    let frame = item(&traceback, -1)?;
    let file = item(&frame, 0)?.str(vm)?;
    let line = item(&frame, 1)?.str(vm)?;
    Ok(Some(format!(
        "created at {}:{}",
        file.to_string_lossy(),
        line.to_string_lossy()
    )))
}

pub(super) fn from_asyncio(
    module: &'static str,
    name: &'static str,
    vm: &VirtualMachine,
) -> PyResult {
    let module = format!("asyncio.{module}");
    crate::native::import::from_module(&module, name, vm)
}
