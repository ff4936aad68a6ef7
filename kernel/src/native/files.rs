//! Files at the end of Python.

use crate::native::import::from_module;
use rustpython_vm::{AsObject, PyResult, VirtualMachine, builtins::PyTypeRef};

/// Writes what was written to files that nobody has closed. What a file raises is of no use to anybody any more.
pub(super) fn flush_all(vm: &VirtualMachine) -> PyResult<()> {
    let files: PyTypeRef = from_module("_io", "_IOBase", vm)?.try_into_value(vm)?;
    for object in vm.state.gc.get_objects(None) {
        if object.class().fast_issubclass(&files) {
            // The closed ones among them raise.
            let _ = vm.call_method(&object, "flush", ());
        }
    }
    Ok(())
}
