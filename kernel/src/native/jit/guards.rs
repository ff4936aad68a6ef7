//! What global names meant when code was made, and whether they still mean it.

use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyModule, PyStrInterned},
};

use super::{Jitted, arguments};
use crate::jit::flow::Operand;

#[derive(Debug)]
pub(super) struct Guard {
    pub(super) place: Place,
    pub(super) name: &'static PyStrInterned,
    pub(super) meaning: Meaning,
}

#[derive(Debug)]
pub(super) enum Place {
    /// A global name of the function itself, or one of the builtins.
    Own,
    /// A global name of a function in another module.
    Of(PyDictRef),
    Attribute(PyObjectRef),
}

#[derive(Debug)]
pub(super) enum Meaning {
    Nothing,
    Constant(Operand),
    /// The function that a [`Jitted`] is of: it holds it already.
    Itself,
    /// The [`Jitted`] with this number.
    Jitted(u64),
    /// A builtin function, type or module, which refer to no function of the user's.
    Object(PyObjectRef),
    /// The object with this address, which kept the function from being compiled.
    Obstacle(usize),
}

impl Guard {
    pub(super) fn holds(&self, jitted: &Jitted, vm: &VirtualMachine) -> PyResult<bool> {
        let found = match &self.place {
            Place::Own => global(&jitted.globals, self.name, vm)?,
            Place::Of(globals) => global(globals, self.name, vm)?,
            Place::Attribute(module) => attribute(module, self.name, vm)?,
        };
        Ok(match (&self.meaning, found) {
            (Meaning::Nothing, None) => true,
            (Meaning::Constant(known), Some(found)) => {
                arguments::operand(&found, vm).is_some_and(|now| is_same(*known, now))
            }
            (Meaning::Itself, Some(found)) => found.is(&jitted.function),
            (Meaning::Jitted(serial), Some(found)) => found
                .downcast_ref::<Jitted>()
                .is_some_and(|other| other.serial == *serial),
            (Meaning::Object(known), Some(found)) => found.is(known),
            (Meaning::Obstacle(address), Some(found)) => found.get_id() == *address,
            _ => false,
        })
    }
}

/// Two NaNs are the same here, and 0.0 and -0.0 are not.
fn is_same(known: Operand, now: Operand) -> bool {
    match (known, now) {
        (Operand::Float(known), Operand::Float(now)) => known.to_bits() == now.to_bits(),
        _ => known == now,
    }
}

/// As the interpreter looks it up.
pub(super) fn global(
    globals: &PyDictRef,
    name: &'static PyStrInterned,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    match globals.get_item_opt(name, vm)? {
        Some(found) => Ok(Some(found)),
        None => vm.builtins.dict().get_item_opt(name, vm),
    }
}

/// Of a module, without a function of its own that is asked for attributes.
pub(super) fn attribute(
    module: &PyObjectRef,
    name: &'static PyStrInterned,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    match module.downcast_ref::<PyModule>() {
        Some(module) => module.dict().get_item_opt(name, vm),
        None => Ok(None),
    }
}
