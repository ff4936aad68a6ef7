//! `TimerHandle`: a handle and its time.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    function::PyComparisonValue,
    object::{Traverse, TraverseFn},
    pyclass,
    types::{Comparable, Hashable, PyComparisonOp, Representable},
};

use super::handle::Handle;
use super::handle_text::{from_asyncio, show};

/// A handle that runs at a time of the loop's clock, in seconds.
#[pyclass(module = "everloop", name = "TimerHandle", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct TimerHandle {
    handle: PyRef<Handle>,
    when: f64,
    /// Whether it waits for its time.
    scheduled: AtomicBool,
}

impl TimerHandle {
    pub(super) fn new(handle: PyRef<Handle>, when: f64) -> Self {
        Self {
            handle,
            when,
            scheduled: AtomicBool::new(true),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.handle.is_cancelled()
    }

    pub(super) fn due_at(&self) -> f64 {
        self.when
    }

    pub(super) fn is_scheduled(&self) -> bool {
        self.scheduled.load(Ordering::Relaxed)
    }

    /// Its time has come, or it was taken out before.
    pub(super) fn unschedule(&self) {
        self.scheduled.store(false, Ordering::Relaxed);
    }

    pub(super) fn run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.handle.run_as(zelf.as_object(), vm)
    }

    fn equals(&self, other: &Self, vm: &VirtualMachine) -> PyResult<bool> {
        if self.when.total_cmp(&other.when).is_ne() || self.is_cancelled() != other.is_cancelled() {
            return Ok(false);
        }
        let mine = vm.unwrap_or_none(Handle::_callback(&self.handle));
        let its = vm.unwrap_or_none(Handle::_callback(&other.handle));
        if !vm.bool_eq(&mine, &its)? {
            return Ok(false);
        }
        let mine = vm.unwrap_or_none(Handle::_args(&self.handle, vm));
        let its = vm.unwrap_or_none(Handle::_args(&other.handle, vm));
        vm.bool_eq(&mine, &its)
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: the only reference that is owned is visited once.
unsafe impl Traverse for TimerHandle {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.handle.traverse(visit);
    }
}

#[pyclass(flags(HAS_WEAKREF), with(Representable, Comparable, Hashable))]
impl TimerHandle {
    #[pymethod]
    fn when(zelf: &Py<Self>) -> f64 {
        zelf.when
    }

    #[pymethod]
    fn cancel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.handle.cancel_once(zelf.as_object(), vm)? {
            let event_loop = zelf.handle.event_loop();
            vm.call_method(
                event_loop,
                "_timer_handle_cancelled",
                (zelf.as_object().to_owned(),),
            )?;
        }
        Ok(())
    }

    #[pymethod]
    fn cancelled(zelf: &Py<Self>) -> bool {
        zelf.is_cancelled()
    }

    #[pymethod]
    fn get_context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.handle.context().clone()
    }

    #[pymethod(name = "_run")]
    fn py_run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm)
    }

    #[pygetset]
    fn _when(zelf: &Py<Self>) -> f64 {
        zelf.when
    }

    #[pygetset]
    fn _cancelled(zelf: &Py<Self>) -> bool {
        zelf.is_cancelled()
    }

    #[pygetset]
    fn _callback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        Handle::_callback(&zelf.handle)
    }

    #[pygetset]
    fn _args(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        Handle::_args(&zelf.handle, vm)
    }

    #[pygetset]
    fn _context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.handle.context().clone()
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> PyObjectRef {
        zelf.handle.event_loop().clone()
    }

    #[pygetset]
    fn _scheduled(zelf: &Py<Self>) -> bool {
        zelf.is_scheduled()
    }

    #[pygetset]
    fn _source_traceback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.handle.source_traceback()
    }

    #[pygetset(setter)]
    fn set__source_traceback(zelf: &Py<Self>, source_traceback: PyObjectRef) {
        zelf.handle.set_source_traceback(source_traceback);
    }

    /// As with `Handle`.
    #[pygetset]
    fn __class__(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        from_asyncio("events", "TimerHandle", vm)
    }
}

impl Representable for TimerHandle {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let when = vm.ctx.new_float(zelf.when);
        let when = format!("when={}", when.as_object().repr(vm)?.to_string_lossy());
        show(&zelf.handle, "TimerHandle", &when, vm)
    }
}

impl Comparable for TimerHandle {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        let Some(other) = other.downcast_ref::<Self>() else {
            return Ok(PyComparisonValue::NotImplemented);
        };
        let answer = match op {
            PyComparisonOp::Eq => zelf.equals(other, vm)?,
            PyComparisonOp::Ne => !zelf.equals(other, vm)?,
            PyComparisonOp::Lt => zelf.when < other.when,
            PyComparisonOp::Gt => zelf.when > other.when,
            PyComparisonOp::Le => zelf.when < other.when || zelf.equals(other, vm)?,
            PyComparisonOp::Ge => zelf.when > other.when || zelf.equals(other, vm)?,
        };
        Ok(PyComparisonValue::Implemented(answer))
    }
}

impl Hashable for TimerHandle {
    fn hash(
        zelf: &Py<Self>,
        _vm: &VirtualMachine,
    ) -> PyResult<rustpython_vm::common::hash::PyHash> {
        Ok(rustpython_vm::common::hash::hash_float(zelf.when).unwrap_or_default())
    }
}
