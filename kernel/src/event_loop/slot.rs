//! `Slot`, an attribute of a native object that holds a Python object.

use rustpython_vm::{
    PyObjectRef, VirtualMachine,
    common::lock::PyMutex,
    object::{Traverse, TraverseFn},
};

/// A Python object or nothing, which is None to Python.
#[derive(Debug, Default)]
pub(super) struct Slot(PyMutex<Option<PyObjectRef>>);

impl Slot {
    pub(super) fn get(&self) -> Option<PyObjectRef> {
        self.0.lock().clone()
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.lock().is_some()
    }

    pub(super) fn take(&self) -> Option<PyObjectRef> {
        self.0.lock().take()
    }

    pub(super) fn set(&self, object: PyObjectRef) {
        // What it replaces is dropped after the lock is given back: that may run Python.
        let replaced = self.0.lock().replace(object);
        drop(replaced);
    }

    /// What it holds, which is `object` if it was empty.
    pub(super) fn set_if_empty(&self, object: &PyObjectRef) -> PyObjectRef {
        self.0.lock().get_or_insert_with(|| object.clone()).clone()
    }

    pub(super) fn get_or_none(&self, vm: &VirtualMachine) -> PyObjectRef {
        vm.unwrap_or_none(self.get())
    }

    /// Sets what Python assigned.
    pub(super) fn assign(&self, object: PyObjectRef, vm: &VirtualMachine) {
        let object = vm.option_if_none(object);
        let replaced = std::mem::replace(&mut *self.0.lock(), object);
        drop(replaced);
    }

    pub(super) fn visit(&self, visitor: &mut TraverseFn<'_>) {
        self.0.traverse(visitor);
    }
}
