//! Importing from Rust.

use rustpython_vm::{PyResult, VirtualMachine};

/// `from module import name`.
pub(crate) fn from_module(module: &str, name: &str, vm: &VirtualMachine) -> PyResult {
    let names = vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into()]);
    let module = vm.ctx.intern_str(module);
    vm.import_from(module, names, 0)?
        .get_attr(vm.ctx.intern_str(name), vm)
}
