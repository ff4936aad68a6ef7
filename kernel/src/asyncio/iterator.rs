//! `FutureIter`: what `await` iterates over when it awaits a future.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseException, PyBaseExceptionRef},
    common::lock::PyMutex,
    function::OptionalArg,
    object::{Traverse, TraverseFn},
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};

use super::future::Future;

/// Yields the future while it is pending, then returns its result.
#[pyclass(module = "_asyncio", name = "FutureIter", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(super) struct FutureIter {
    future: PyMutex<Option<PyObjectRef>>,
}

impl FutureIter {
    pub(super) fn new(future: PyRef<Future>) -> Self {
        Self {
            future: PyMutex::new(Some(future.into())),
        }
    }

    fn advance(&self, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let Some(object) = self.future.lock().clone() else {
            return Ok(PyIterReturn::StopIteration(None));
        };
        let Some(future) = object.downcast_ref::<Future>() else {
            return Ok(PyIterReturn::StopIteration(None));
        };
        if future.state_is_pending() {
            let was_blocking = std::mem::replace(&mut future.inner().blocking, true);
            if was_blocking {
                return Err(vm.new_runtime_error("await wasn't used with future"));
            }
            return Ok(PyIterReturn::Return(object));
        }
        let taken = self.future.lock().take();
        drop(taken);
        let result = future.outcome(vm)?;
        Ok(PyIterReturn::StopIteration(Some(result)))
    }
}

#[pyclass(with(IterNext, Iterable))]
impl FutureIter {
    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.advance(vm)
    }

    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exception: PyObjectRef,
        value: OptionalArg,
        traceback: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult {
        let taken = zelf.future.lock().take();
        drop(taken);
        Err(exception_to_throw(exception, value, traceback, vm)?)
    }

    #[pymethod]
    fn close(zelf: &Py<Self>) {
        let taken = zelf.future.lock().take();
        drop(taken);
    }
}

impl SelfIter for FutureIter {}

impl IterNext for FutureIter {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.advance(vm)
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for FutureIter {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.future.traverse(visit);
    }
}

/// The exception that the arguments of a generator's `throw` mean.
pub(super) fn exception_to_throw(
    exception: PyObjectRef,
    value: OptionalArg,
    traceback: OptionalArg,
    vm: &VirtualMachine,
) -> PyResult<PyBaseExceptionRef> {
    if value.is_present() || traceback.is_present() {
        rustpython_vm::warn::warn(
            vm.ctx
                .new_str(
                    "the (type, exc, tb) signature of throw() is deprecated, \
                     use the single-arg signature instead.",
                )
                .into(),
            Some(vm.ctx.exceptions.deprecation_warning.to_owned()),
            1,
            None,
            vm,
        )?;
    }
    let traceback = traceback.unwrap_or_none(vm);
    if !vm.is_none(&traceback) && !traceback.fast_isinstance(vm.ctx.types.traceback_type) {
        return Err(vm.new_type_error("throw() third argument must be a traceback"));
    }
    let value = value.unwrap_or_none(vm);
    if exception.fast_isinstance(vm.ctx.exceptions.base_exception_type) && !vm.is_none(&value) {
        return Err(vm.new_type_error("instance exception may not have a separate value"));
    }
    let is_exception = exception.downcastable::<PyBaseException>()
        || exception
            .downcast_ref::<rustpython_vm::builtins::PyType>()
            .is_some_and(|class| class.fast_issubclass(vm.ctx.exceptions.base_exception_type));
    if !is_exception {
        return Err(vm.new_type_error(
            "exceptions must be classes deriving BaseException or instances of such a class",
        ));
    }
    vm.normalize_exception(exception, value, traceback)
}
