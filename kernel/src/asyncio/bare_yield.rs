//! `BareYield`: what `asyncio.sleep(0)` awaits, so that others go first.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    Py, PyPayload, PyRef, PyResult, VirtualMachine,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};

/// An awaitable that yields None once, as the generator `asyncio.tasks.__sleep0` does.
#[pyclass(module = "_asyncio", name = "BareYield")]
#[derive(Debug, Default, PyPayload)]
pub(super) struct BareYield {
    has_yielded: AtomicBool,
}

#[pyclass(with(IterNext, Iterable))]
impl BareYield {
    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }
}

impl SelfIter for BareYield {}

impl IterNext for BareYield {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Ok(if zelf.has_yielded.swap(true, Ordering::Relaxed) {
            PyIterReturn::StopIteration(None)
        } else {
            PyIterReturn::Return(vm.ctx.none())
        })
    }
}
