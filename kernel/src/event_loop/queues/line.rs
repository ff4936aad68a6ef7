//! `Line`: the items of a queue, or the futures of those who wait for it.

use std::collections::VecDeque;

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    common::lock::PyMutex,
    object::{Traverse, TraverseFn},
};

#[derive(Debug)]
enum Place {
    Own(VecDeque<PyObjectRef>),
    /// Python has seen it, and may hold and change it: a deque, or what a subclass has in its place.
    Shown(PyObjectRef),
}

#[derive(Debug)]
pub(super) struct Line(PyMutex<Place>);

impl Default for Line {
    fn default() -> Self {
        Self(PyMutex::new(Place::Own(VecDeque::new())))
    }
}

impl Line {
    fn shown(&self) -> Option<PyObjectRef> {
        match &*self.0.lock() {
            Place::Own(_) => None,
            Place::Shown(object) => Some(object.clone()),
        }
    }

    /// Empties it, so that it is as new.
    pub(super) fn reset(&self) {
        self.replace(Place::Own(VecDeque::new()));
    }

    pub(super) fn assign(&self, object: PyObjectRef) {
        self.replace(Place::Shown(object));
    }

    fn replace(&self, place: Place) {
        // What it replaces is dropped after the lock is given back: that may run Python.
        let replaced = std::mem::replace(&mut *self.0.lock(), place);
        drop(replaced);
    }

    /// The object that Python sees; from now on everything happens in it.
    pub(super) fn show(&self, vm: &VirtualMachine) -> PyResult {
        if let Some(object) = self.shown() {
            return Ok(object);
        }
        let deque = crate::native::import::from_module("collections", "deque", vm)?.call((), vm)?;
        let items: Vec<PyObjectRef> = match &*self.0.lock() {
            Place::Own(items) => items.iter().cloned().collect(),
            Place::Shown(object) => return Ok(object.clone()),
        };
        vm.call_method(&deque, "extend", (vm.ctx.new_list(items),))?;
        self.assign(deque.clone());
        Ok(deque)
    }

    pub(super) fn len(&self, vm: &VirtualMachine) -> PyResult<usize> {
        let shown = match &*self.0.lock() {
            Place::Own(items) => return Ok(items.len()),
            Place::Shown(object) => object.clone(),
        };
        shown.length(vm)
    }

    pub(super) fn is_empty(&self, vm: &VirtualMachine) -> PyResult<bool> {
        let shown = match &*self.0.lock() {
            Place::Own(items) => return Ok(items.is_empty()),
            Place::Shown(object) => object.clone(),
        };
        Ok(!shown.try_to_bool(vm)?)
    }

    pub(super) fn append(&self, item: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let shown = match &mut *self.0.lock() {
            Place::Own(items) => {
                items.push_back(item);
                return Ok(());
            }
            Place::Shown(object) => object.clone(),
        };
        vm.call_method(&shown, "append", (item,)).map(drop)
    }

    /// # Errors
    /// `IndexError` if it is empty.
    pub(super) fn popleft(&self, vm: &VirtualMachine) -> PyResult {
        let shown = match &mut *self.0.lock() {
            Place::Own(items) => {
                let item = items.pop_front();
                return item.ok_or_else(|| vm.new_index_error("pop from an empty deque"));
            }
            Place::Shown(object) => object.clone(),
        };
        vm.call_method(&shown, "popleft", ())
    }

    /// Takes `waiter` out, if it is there.
    pub(super) fn remove(&self, waiter: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let shown = match &mut *self.0.lock() {
            Place::Own(waiters) => {
                // The caller holds it too: nothing is dropped for good.
                waiters.retain(|other| !other.is(waiter));
                return Ok(());
            }
            Place::Shown(object) => object.clone(),
        };
        match vm.call_method(&shown, "remove", (waiter.to_owned(),)) {
            Err(raised) if !raised.fast_isinstance(vm.ctx.exceptions.value_error) => Err(raised),
            _ => Ok(()),
        }
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Line {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.0.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        match std::mem::replace(self.0.get_mut(), Place::Own(VecDeque::new())) {
            Place::Own(items) => out.extend(items),
            Place::Shown(object) => out.push(object),
        }
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `Line`.
unsafe impl Traverse for Place {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        match self {
            Self::Own(items) => {
                for item in items {
                    item.traverse(visit);
                }
            }
            Self::Shown(object) => object.traverse(visit),
        }
    }
}
