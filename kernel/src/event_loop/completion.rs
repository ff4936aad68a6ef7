//! `Completion`, what a run of the loop waits for.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    Py, PyPayload, PyResult, VirtualMachine,
    builtins::PyType,
    function::FuncArgs,
    pyclass,
    types::{Callable, Constructor},
};

/// A done-callback that ends a nested run: set by calling it.
#[pyclass(module = "_everloop", name = "Completion")]
#[derive(Debug, Default, PyPayload)]
pub struct Completion {
    set: AtomicBool,
}

impl Completion {
    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Ends the run that waits for it; the loop has to be woken besides if it may be parked.
    pub fn set(&self) {
        self.set.store(true, Ordering::Release);
    }
}

impl Constructor for Completion {
    type Args = ();

    fn py_new(_class: &Py<PyType>, (): (), _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Callable for Completion {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.set();
        Ok(vm.ctx.none())
    }
}

#[pyclass(with(Constructor, Callable))]
impl Completion {}
