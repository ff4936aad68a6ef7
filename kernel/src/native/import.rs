//! Importing from Rust.

use rustpython_vm::{PyResult, VirtualMachine, builtins::PyDict};

/// `from module import name`, in whatever frame it is asked for: RustPython's own import asks for the `__import__` of the frame
/// that runs, and one with builtins of its own, as in `collections.namedtuple`, has none.
pub(crate) fn from_module(module: &str, name: &str, vm: &VirtualMachine) -> PyResult {
    let name = vm.ctx.intern_str(name);
    // A loaded module without any code of Python's: RustPython asks each for its `__path__`, and an interrupt in what
    // runs for the answer would be lost.
    let modules = vm.sys_module.get_attr("modules", vm)?;
    if let Some(modules) = modules.downcast_ref::<PyDict>()
        && let Some(module) = modules.get_item_opt(module, vm)?
        && let Some(found) = vm.get_attribute_opt(&module, name)?
    {
        return Ok(found);
    }
    let import = vm.builtins.get_attr("__import__", vm)?;
    let (none, names) = (
        vm.ctx.none(),
        vm.ctx.new_tuple(vec![name.to_owned().into()]),
    );
    import
        .call((module.to_owned(), none.clone(), none, names, 0), vm)?
        .get_attr(name, vm)
}
