//! `OwnMethod`, a method of a native class that is not called by name as long as nobody has overridden it.

use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyStrInterned, PyType},
    class::StaticType,
};

/// The method `name` of one native class.
pub(super) struct OwnMethod {
    name: &'static str,
    found: OnceLock<(&'static PyStrInterned, Option<PyObjectRef>)>,
}

impl OwnMethod {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            found: OnceLock::new(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether `class` has the method of `T`; the same `T` for every call.
    pub(super) fn is_kept_by<T: StaticType>(
        &self,
        class: &Py<PyType>,
        vm: &VirtualMachine,
    ) -> bool {
        let (name, own) = self.found.get_or_init(|| {
            let name = vm.ctx.intern_str(self.name);
            (name, T::static_type().get_attr(name))
        });
        match (class.get_attr(name), own) {
            (Some(found), Some(own)) => found.is(own),
            _ => false,
        }
    }
}
