//! What dictionaries of classes hold, read without any code of the user: for `everloop.lookups.statics`, which says what that
//! is about.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyDict, PyStr, PyType},
};

/// What `name` is in the dictionaries of `class` and its bases.
pub(super) fn in_class(
    class: &Py<PyType>,
    name: &Py<PyStr>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    class
        .mro_collect()
        .iter()
        .find_map(|base| own_field(base, name, vm))
}

/// What `name` is in the dictionary of `class` itself.
pub(super) fn own_field(
    class: &Py<PyType>,
    name: &Py<PyStr>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    match class.attributes.as_dict() {
        Some(dict) if !has_names_only(dict, vm) => dict
            .items_vec()
            .into_iter()
            .find(|(key, _)| {
                let key = key.downcast_ref_if_exact::<PyStr>(vm);
                key.is_some_and(|key| key.as_wtf8() == name.as_wtf8())
            })
            .map(|(_, value)| value),
        // The names of classes are interned.
        _ => class.get_direct_attr(vm.ctx.interned_str(name)?),
    }
}

/// Whether all keys of the dictionary are plain strings, which nobody's code compares.
pub(super) fn has_names_only(dict: &Py<PyDict>, vm: &VirtualMachine) -> bool {
    let names = vm.ctx.types.str_type;
    dict.keys_vec().iter().all(|key| key.class().is(names))
}
