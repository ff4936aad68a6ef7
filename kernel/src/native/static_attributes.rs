//! What dictionaries of classes hold, read without any code of the user: for `everloop.lookups.statics`, which says what that
//! is about.

use std::cell::RefCell;

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyStr, PyType},
};

/// From how many keys on it is remembered of a dictionary that they were names: a namespace gets one with each cell, and is
/// asked for one with each lookup. Smaller ones come and go, and another one with as many keys at their place is likely.
const LARGE: usize = 256;

/// Places for what is remembered.
const PLACES: usize = 8;

/// A dictionary all of whose keys were names: its address, how many places they had taken so far, and how many there were.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Checked {
    dict: usize,
    places: usize,
    names: usize,
}

impl Checked {
    /// Whether nothing has happened since but that keys were added.
    fn has_only_grown_to(self, now: Self) -> bool {
        self.dict == now.dict
            && self.names <= now.names
            && now.places.checked_sub(self.places) == Some(now.names - self.names)
    }
}

thread_local! {
    static CHECKED: RefCell<[Checked; PLACES]> = RefCell::default();
}

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
        Some(dict) if !has_names_only(dict, vm) => searched(dict, name, vm),
        // The names of classes are interned.
        _ => class.get_direct_attr(vm.ctx.interned_str(name)?),
    }
}

/// What the dictionary holds under `name`.
pub(super) fn field(
    dict: &Py<PyDict>,
    name: &Py<PyStr>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    if still_has_names_only(dict, vm) {
        dict.get_item_opt(name, vm).ok().flatten()
    } else {
        searched(dict, name, vm)
    }
}

/// What the object's own dictionary holds under `name`; nothing when the class shows another one in its place.
pub(super) fn instance_field(
    obj: &PyObject,
    name: &Py<PyStr>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    let types = &vm.ctx.types;
    let shown = in_class(obj.class(), vm.ctx.interned_str("__dict__")?, vm)?;
    if !shown.class().is(types.getset_type) && !shown.class().is(types.member_descriptor_type) {
        return None;
    }
    let dict = obj.dict().filter(|dict| dict.class().is(types.dict_type))?;
    if has_names_only(&dict, vm) {
        dict.get_item_opt(name, vm).ok().flatten()
    } else {
        searched(&dict, name, vm)
    }
}

/// What the dictionary holds under the names that begin so.
pub(super) fn fields_like(
    dict: &Py<PyDict>,
    beginning: &Py<PyStr>,
    vm: &VirtualMachine,
) -> PyResult<PyRef<PyDict>> {
    let found = vm.ctx.new_dict();
    for (key, value) in dict.items_vec() {
        let name = key.downcast_ref_if_exact::<PyStr>(vm);
        if name.is_some_and(|name| begins(name, beginning)) {
            found.set_item(&*key, value, vm)?;
        }
    }
    Ok(found)
}

fn begins(name: &Py<PyStr>, beginning: &Py<PyStr>) -> bool {
    let (name, beginning) = (name.as_wtf8().as_bytes(), beginning.as_wtf8().as_bytes());
    name.starts_with(beginning)
}

/// By comparing only keys that are plain strings.
fn searched(dict: &Py<PyDict>, name: &Py<PyStr>, vm: &VirtualMachine) -> Option<PyObjectRef> {
    let items = dict.items_vec().into_iter();
    let mut found = items.filter(|(key, _)| {
        let key = key.downcast_ref_if_exact::<PyStr>(vm);
        key.is_some_and(|key| key.as_wtf8() == name.as_wtf8())
    });
    found.next().map(|(_, value)| value)
}

/// Whether all keys of the dictionary are plain strings, which nobody's code compares.
pub(super) fn has_names_only(dict: &Py<PyDict>, vm: &VirtualMachine) -> bool {
    dict.keys_vec().iter().all(|key| is_name(key, vm))
}

/// The same, for a dictionary that lives on: of a large one, only the keys are looked at that are new. Not for copies, where
/// the next one is likely to be at the same place with as many keys.
fn still_has_names_only(dict: &Py<PyDict>, vm: &VirtualMachine) -> bool {
    let size = dict.size();
    if size.used < LARGE {
        return has_names_only(dict, vm);
    }
    let checked = Checked {
        dict: std::ptr::from_ref(dict).addr(),
        places: size.entries_size,
        names: size.used,
    };
    let place = (checked.dict >> 6) % PLACES;
    let before = CHECKED.with_borrow(|places| places[place]);
    let only_names = if before == checked {
        true
    } else if before.has_only_grown_to(checked) {
        has_names_only_from(before.places, dict, vm)
    } else {
        has_names_only(dict, vm)
    };
    if only_names {
        CHECKED.with_borrow_mut(|places| places[place] = checked);
    }
    only_names
}

fn has_names_only_from(place: usize, dict: &Py<PyDict>, vm: &VirtualMachine) -> bool {
    let mut place = place;
    while let Some((next, key, _)) = dict.next_entry(place) {
        if !is_name(&key, vm) {
            return false;
        }
        place = next;
    }
    true
}

fn is_name(key: &PyObject, vm: &VirtualMachine) -> bool {
    key.class().is(vm.ctx.types.str_type)
}

#[cfg(test)]
mod tests {
    use rustpython_vm::{AsObject, PyPayload, builtins::PyDict};

    use super::{LARGE, field, fields_like, still_has_names_only};

    #[test]
    fn key_that_is_no_name_is_seen_also_when_it_comes_later() {
        crate::python::embedded()
            .expect("the interpreter starts")
            .enter(|vm| {
                let dict = PyDict::default().into_ref(&vm.ctx);
                let add = |number: usize| {
                    let key = vm.ctx.new_str(format!("name_{number}"));
                    dict.set_item(&*key, vm.ctx.none(), vm)
                        .expect("it is added");
                };
                (0..LARGE + 10).for_each(add);
                for number in 0..10 {
                    assert!(still_has_names_only(&dict, vm));
                    add(LARGE + 20 + number);
                }
                dict.set_item(vm.ctx.new_int(1).as_object(), vm.ctx.none(), vm)
                    .expect("it is added");
                assert!(!still_has_names_only(&dict, vm));
                add(LARGE + 40);
                assert!(!still_has_names_only(&dict, vm));
                let name = vm.ctx.new_str("name_7");
                assert!(field(&dict, &name, vm).is_some());
                assert!(field(&dict, &vm.ctx.new_str("nobody"), vm).is_none());
                let alike = fields_like(&dict, &name, vm).expect("they are found");
                let expected = (0..LARGE + 10).filter(|number| number.to_string().starts_with('7'));
                assert_eq!(alike.__len__(), expected.count());
            });
    }
}

/// What `_everloop` has of it.
#[rustpython_vm::pymodule(sub, name = "_everloop")]
pub(super) mod functions {
    use rustpython_vm::{
        PyObjectRef, PyResult, VirtualMachine,
        builtins::{PyDictRef, PyStrRef, PyTypeRef},
    };

    /// Whether all keys of the dictionary are plain strings, which nobody's code compares.
    #[pyfunction]
    fn has_names_only(dict: PyDictRef, vm: &VirtualMachine) -> bool {
        super::has_names_only(&dict, vm)
    }

    /// What a dictionary holds under a name, or `missing`.
    #[pyfunction]
    fn field(
        dict: PyDictRef,
        name: PyStrRef,
        missing: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        super::field(&dict, &name, vm).unwrap_or(missing)
    }

    /// What the dictionary of an object itself holds under a name, or `missing`.
    #[pyfunction]
    fn instance_field(
        obj: PyObjectRef,
        name: PyStrRef,
        missing: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        super::instance_field(&obj, &name, vm).unwrap_or(missing)
    }

    /// A dictionary with those entries of another one whose names begin so.
    #[pyfunction]
    fn fields_like(
        dict: PyDictRef,
        beginning: PyStrRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyDictRef> {
        super::fields_like(&dict, &beginning, vm)
    }

    /// What `name` is in the dictionaries of a class and its bases, unbound, or `missing`.
    #[pyfunction]
    fn in_class(
        class: PyTypeRef,
        name: PyStrRef,
        missing: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        super::in_class(&class, &name, vm).unwrap_or(missing)
    }

    /// What `name` is in the dictionary of a class itself, unbound, or `missing`.
    #[pyfunction]
    fn own_field(
        class: PyTypeRef,
        name: PyStrRef,
        missing: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        super::own_field(&class, &name, vm).unwrap_or(missing)
    }

    /// `issubclass` by the bases alone.
    #[pyfunction]
    fn is_subclass(class: PyTypeRef, kind: PyTypeRef) -> bool {
        class.fast_issubclass(&*kind)
    }
}
