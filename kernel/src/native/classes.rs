//! What is done when a class is made: the order in which its bases are searched, where RustPython has another than
//! Python, and what is kept of classes that are gone.
//!
//! Python merges the orders of all bases and the row of the bases themselves
//! (<https://docs.python.org/3/howto/mro.html>). RustPython leaves the row out: of `class C(A, X, B)`, where `A` is a
//! `B`, it makes `A, B, X` and not `A, X, B`.

use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyType, PyTypeRef},
    function::FuncArgs,
};

static BUILD_CLASS: OnceLock<PyObjectRef> = OnceLock::new();

/// Remembers the builtin `__build_class__`.
pub(super) fn set_up(build_class: PyObjectRef) {
    // A second call brings the same.
    let _ = BUILD_CLASS.set(build_class);
}

/// What `class` statements call: the builtin, and then the order of bases.
pub(super) fn build_class(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let build_class = BUILD_CLASS
        .get()
        .ok_or_else(|| vm.new_runtime_error("__build_class__ is not set up"))?;
    let class = build_class.call(args, vm)?;
    if let Ok(class) = class.clone().downcast::<PyType>() {
        put_in_order(&class, vm);
        forget_freed_classes(&class);
    }
    Ok(class)
}

/// How many classes derive from one before anybody looks which of them are gone.
const MANY: usize = 64;

/// A class knows which derive from it, and RustPython takes those that are freed out when it is asked for them only.
fn forget_freed_classes(class: &PyTypeRef) {
    for base in class.bases.read().as_slice() {
        let mut derived = base.subclasses.write();
        // Seldom, however many there are.
        if derived.len() >= MANY && derived.len().is_power_of_two() {
            derived.retain(|class| class.upgrade().is_some());
        }
    }
}

fn put_in_order(class: &PyTypeRef, vm: &VirtualMachine) {
    let bases = class.bases.read().as_slice().to_vec();
    let orders: Vec<_> = bases.iter().map(|base| base.mro_collect()).collect();
    if !has_base_of_earlier_base(&bases, &orders) || has_order_of_its_own(class, vm) {
        return;
    }
    if let Some(mut order) = merged(orders, bases) {
        order.insert(0, class.clone());
        *class.mro.write() = order;
        class.modified();
    }
}

/// Only then the row of the bases says something that their orders do not say.
fn has_base_of_earlier_base(bases: &[PyTypeRef], orders: &[Vec<PyTypeRef>]) -> bool {
    (1..bases.len()).any(|later| {
        orders[..later]
            .iter()
            .any(|order| contains(order, &bases[later]))
    })
}

/// Whether the metaclass has a method `mro`.
fn has_order_of_its_own(class: &PyTypeRef, vm: &VirtualMachine) -> bool {
    let mro = vm.ctx.intern_str("mro");
    let usual = vm.ctx.types.type_type.get_attr(mro);
    match (class.class().get_attr(mro), usual) {
        (Some(own), Some(usual)) => !own.is(&usual),
        _ => false,
    }
}

/// The merge of C3: the first head that is in no tail, again and again. `None` where there is no such head.
fn merged(orders: Vec<Vec<PyTypeRef>>, bases: Vec<PyTypeRef>) -> Option<Vec<PyTypeRef>> {
    let mut rows: Vec<_> = orders.into_iter().chain([bases]).collect();
    let mut order = Vec::new();
    loop {
        rows.retain(|row| !row.is_empty());
        if rows.is_empty() {
            return Some(order);
        }
        let next = rows
            .iter()
            .map(|row| &row[0])
            .find(|head| !rows.iter().any(|row| contains(&row[1..], head)))?
            .clone();
        for row in &mut rows {
            if row[0].is(&next) {
                row.remove(0);
            }
        }
        order.push(next);
    }
}

fn contains(classes: &[PyTypeRef], class: &PyTypeRef) -> bool {
    classes.iter().any(|other| other.is(class))
}
