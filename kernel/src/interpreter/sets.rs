//! `set |= other` and its like with an `other` that is no set but has operators of its own.
//!
//! RustPython fails with TypeError where Python asks `other.__ror__`, as it does for `set | other`.
//! <https://docs.python.org/3/reference/datamodel.html#object.__iadd__>

use rustpython_vm::builtins::PySet;

use rustpython_vm::types::AsNumber;
use rustpython_vm::{AsObject, Context, PyObject, PyResult, VirtualMachine};

/// Let the operators of `set` that change it leave to `other` what is `other`'s. Before any class derives from `set`.
pub(super) fn repair(ctx: &Context) {
    let slots = &ctx.types.set_type.slots.as_number;
    slots.inplace_or.store(Some(inplace_or));
    slots.inplace_and.store(Some(inplace_and));
    slots.inplace_xor.store(Some(inplace_xor));
    slots.inplace_subtract.store(Some(inplace_subtract));
}

type Operator = fn(&PyObject, &PyObject, &VirtualMachine) -> PyResult;

fn inplace_or(set: &PyObject, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    between_sets(PySet::as_number().inplace_or, set, other, vm)
}

fn inplace_and(set: &PyObject, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    between_sets(PySet::as_number().inplace_and, set, other, vm)
}

fn inplace_xor(set: &PyObject, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    between_sets(PySet::as_number().inplace_xor, set, other, vm)
}

fn inplace_subtract(set: &PyObject, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    between_sets(PySet::as_number().inplace_subtract, set, other, vm)
}

fn between_sets(
    operator: Option<Operator>,
    set: &PyObject,
    other: &PyObject,
    vm: &VirtualMachine,
) -> PyResult {
    let is_set = other.fast_isinstance(vm.ctx.types.set_type)
        || other.fast_isinstance(vm.ctx.types.frozenset_type);
    match operator {
        Some(operator) if is_set => operator(set, other, vm),
        _ => Ok(vm.ctx.not_implemented()),
    }
}
