//! `list.sort` and `sorted` of integers and of floats.
//!
//! The interpreter compares two objects at each step. Here the numbers are taken out of their objects once, which is
//! several times as fast for a long list; everything else is sorted by the interpreter.

use std::cmp::Ordering;
use std::mem;
use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyFloat, PyInt, PyList},
    function::{Callee, FuncArgs, PyMethodDef, PyMethodFlags},
};

use super::doc::doc_of;

/// The interpreter's functions, which do what is not done here, and the definitions of those that stand in their places.
/// Classes are the process's, so interpreters share all this.
struct Functions {
    interpreters_sort: PyObjectRef,
    interpreters_sorted: PyObjectRef,
    sort: PyMethodDef,
    sorted: PyMethodDef,
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// Puts the functions of this file in the place of the interpreter's.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let functions = match FUNCTIONS.get() {
        Some(functions) => functions,
        None => replace_method(vm)?,
    };
    let sorted = functions
        .sorted
        .to_function()
        .with_module_object(vm.builtins.clone().into())
        .into_ref(&vm.ctx);
    let module = vm.ctx.new_str("builtins");
    sorted.as_object().set_attr("__module__", module, vm)?;
    vm.builtins.set_attr("sorted", sorted, vm)
}

fn replace_method(vm: &VirtualMachine) -> PyResult<&'static Functions> {
    let list = vm.ctx.types.list_type;
    let interpreters_sort = list.as_object().get_attr("sort", vm)?;
    let interpreters_sorted = vm.builtins.get_attr("sorted", vm)?;
    let sort = PyMethodDef::new_raw_const(
        "sort",
        sort_list,
        PyMethodFlags::METHOD,
        doc_of(&interpreters_sort, vm)?,
    );
    let sorted = PyMethodDef::new_raw_const(
        "sorted",
        sort_iterable,
        PyMethodFlags::EMPTY,
        doc_of(&interpreters_sorted, vm)?,
    );
    let functions = FUNCTIONS.get_or_init(|| Functions {
        interpreters_sort,
        interpreters_sorted,
        sort,
        sorted,
    });
    let method = functions.sort.build_method(&vm.ctx, list);
    list.set_attr(vm.ctx.intern_str("sort"), method.into());
    Ok(functions)
}

fn sort_list(vm: &VirtualMachine, arguments: FuncArgs, _callee: Callee) -> PyResult {
    if let [list] = &*arguments.args
        && let Some(list) = list.downcast_ref::<PyList>()
        && let Some(is_reverse) = order(&arguments, vm)
        && sort_numbers(list, is_reverse, vm)?
    {
        return Ok(vm.ctx.none());
    }
    functions().interpreters_sort.call(arguments, vm)
}

fn sort_iterable(vm: &VirtualMachine, mut arguments: FuncArgs, _callee: Callee) -> PyResult {
    if arguments.args.len() != 1 || order(&arguments, vm).is_none() {
        return functions().interpreters_sorted.call(arguments, vm);
    }
    let list = vm.ctx.types.list_type.as_object();
    let list = list.call((arguments.args[0].clone(),), vm)?;
    arguments.args[0] = list.clone();
    sort_list(vm, arguments, Callee::named("sort"))?;
    Ok(list)
}

fn functions() -> &'static Functions {
    FUNCTIONS.get().expect("only what was installed is called")
}

/// Whether the order is to be the reverse one; none if the arguments say more than that.
fn order(arguments: &FuncArgs, vm: &VirtualMachine) -> Option<bool> {
    let mut is_reverse = false;
    for (name, value) in &arguments.kwargs {
        match name.as_bytes() {
            b"reverse" if value.is(&vm.ctx.true_value) => is_reverse = true,
            b"reverse" if value.is(&vm.ctx.false_value) => {}
            b"key" if vm.is_none(value) => {}
            _ => return None,
        }
    }
    Some(is_reverse)
}

/// Sorts a list of numbers of one type that the machine has; false, with nothing changed, if it is none. The list is empty
/// meanwhile, as in CPython: what another thread puts into it is an error.
fn sort_numbers(list: &Py<PyList>, is_reverse: bool, vm: &VirtualMachine) -> PyResult<bool> {
    let is_worth_it = match list.borrow_vec() {
        elements if elements.len() < SHORT => false,
        elements => integer(&elements[0], vm).is_some() || float(&elements[0], vm).is_some(),
    };
    if !is_worth_it {
        return Ok(false);
    }
    let mut elements = mem::take(&mut *list.borrow_vec_mut());
    let is_sorted = sort_by_key(&mut elements, |a| integer(a, vm), i64::cmp, is_reverse)
        || sort_by_key(&mut elements, |a| float(a, vm), f64::total_cmp, is_reverse);
    let meanwhile = mem::replace(&mut *list.borrow_vec_mut(), elements);
    if meanwhile.is_empty() {
        Ok(is_sorted)
    } else {
        Err(vm.new_value_error("list modified during sort"))
    }
}

/// Below it the interpreter is as fast.
const SHORT: usize = 32;

fn integer(object: &PyObject, vm: &VirtualMachine) -> Option<i64> {
    let number = object.downcast_ref_if_exact::<PyInt>(vm)?;
    i64::try_from(number.as_bigint()).ok()
}

/// NaN has no place in an order, which leaves it to the algorithm. The zeros are equal.
fn float(object: &PyObject, vm: &VirtualMachine) -> Option<f64> {
    let number = object.downcast_ref_if_exact::<PyFloat>(vm)?.to_f64();
    (!number.is_nan()).then_some(number + 0.0)
}

/// Sorts elements by keys, equal ones as they stand; false if one has no key.
fn sort_by_key<K>(
    elements: &mut Vec<PyObjectRef>,
    key: impl Fn(&PyObject) -> Option<K>,
    compare: impl Fn(&K, &K) -> Ordering,
    is_reverse: bool,
) -> bool {
    let Some(keys) = elements
        .iter()
        .map(|object| key(object))
        .collect::<Option<Vec<K>>>()
    else {
        return false;
    };
    let mut pairs: Vec<_> = keys.into_iter().zip(mem::take(elements)).collect();
    if is_reverse {
        pairs.sort_by(|(a, _), (b, _)| compare(b, a));
    } else {
        pairs.sort_by(|(a, _), (b, _)| compare(a, b));
    }
    elements.extend(pairs.into_iter().map(|(_, object)| object));
    true
}
