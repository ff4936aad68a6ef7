//! `Future`: a result that will be there later (`asyncio/futures.py`).

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseException, PyBaseExceptionRef, PyTraceback},
    class::StaticType,
    common::lock::{PyMutex, PyMutexGuard},
    pyclass,
};

mod collect;
mod methods;

pub(super) use self::methods::CancelArgs;
use super::callbacks::DoneCallback;
use super::library;
use super::task::Task;
use crate::event_loop::LoopCore;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Pending,
    Cancelled,
    Finished,
}

/// All that a future knows. Nothing is dropped and no Python runs while it is locked.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) event_loop: Option<PyObjectRef>,
    pub(super) state: State,
    /// Set while the future that was yielded to a task is on its way there: `yield` would not set it.
    pub(super) blocking: bool,
    /// Set while nobody has asked for the exception.
    pub(super) log_traceback: bool,
    first_callback: Option<DoneCallback>,
    more_callbacks: Vec<DoneCallback>,
    result: Option<PyObjectRef>,
    exception: Option<PyBaseExceptionRef>,
    exception_traceback: Option<PyRef<PyTraceback>>,
    pub(super) cancel_message: Option<PyObjectRef>,
    pub(super) cancelled_error: Option<PyBaseExceptionRef>,
    source_traceback: Option<PyObjectRef>,
    /// Who awaits this besides the tasks among the callbacks (`gather` says so).
    awaited_by: Vec<PyObjectRef>,
}

/// A future; [`Task`](super::Task) is the one that a coroutine fulfils.
#[pyclass(module = "_asyncio", name = "Future", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Future {
    inner: PyMutex<Inner>,
}

impl Future {
    /// As `Future(loop=event_loop)`, without going through the class.
    pub(crate) fn of_loop(event_loop: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let future = Self::default();
        future.initialize(event_loop, vm)?;
        // The attribute dictionary comes when an attribute is set.
        Ok(PyRef::new_ref(future, Self::static_type().to_owned(), None))
    }

    /// The future, if it is exactly a `Future` or a `Task`, so that none of its methods can be overridden.
    pub(crate) fn exact(object: &PyObject) -> Option<&Py<Self>> {
        let future = object.downcast_ref::<Self>()?;
        let class = future.class();
        let is_exact = class.is(Self::static_type()) || class.is(Task::static_type());
        is_exact.then_some(future)
    }

    /// Marks it as yielded by an `await`: a task only waits for such a future.
    pub(crate) fn mark_awaited(&self) {
        self.inner().blocking = true;
    }

    /// Ends it without a result, unless it has ended already.
    pub(crate) fn wake(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.state_is_pending() {
            return Ok(());
        }
        zelf.finish(zelf.as_object(), vm.ctx.none(), vm)
    }

    pub(super) fn inner(&self) -> PyMutexGuard<'_, Inner> {
        self.inner.lock()
    }

    pub(super) fn source_traceback(&self) -> Option<PyObjectRef> {
        self.inner().source_traceback.clone()
    }

    pub(super) fn event_loop(&self) -> Option<PyObjectRef> {
        self.inner().event_loop.clone()
    }

    fn require_loop(&self, vm: &VirtualMachine) -> PyResult {
        self.event_loop()
            .ok_or_else(|| vm.new_runtime_error("Future object is not initialized."))
    }

    pub(crate) fn state_is_pending(&self) -> bool {
        self.inner().state == State::Pending
    }

    /// Sets the loop, and in its debug mode where the future was made.
    pub(super) fn initialize(&self, event_loop: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let debug = match event_loop.downcast_ref::<LoopCore>() {
            Some(core) => core.is_debug(),
            None => vm
                .call_method(&event_loop, "get_debug", ())?
                .try_to_bool(vm)?,
        };
        let source_traceback = if debug {
            Some(library::extract_stack(vm)?)
        } else {
            None
        };
        let fresh = Inner {
            event_loop: Some(event_loop),
            source_traceback,
            ..Inner::default()
        };
        let before = std::mem::replace(&mut *self.inner(), fresh);
        drop(before);
        Ok(())
    }

    /// The result, or the exception to raise. What it raises has the traceback that it had when it was set.
    pub(crate) fn outcome(&self, vm: &VirtualMachine) -> PyResult {
        let mut inner = self.inner();
        match inner.state {
            State::Pending => {
                drop(inner);
                Err(library::invalid_state("Result is not ready.", vm))
            }
            State::Cancelled => {
                drop(inner);
                Err(self.cancelled_error(vm))
            }
            State::Finished => {
                inner.log_traceback = false;
                let Some(exception) = inner.exception.clone() else {
                    return Ok(vm.unwrap_or_none(inner.result.clone()));
                };
                let traceback = inner.exception_traceback.clone();
                drop(inner);
                exception.set_traceback(traceback);
                Err(exception)
            }
        }
    }

    /// The `CancelledError` to raise: the one that ended the task if there was one, and that one only once.
    pub(super) fn cancelled_error(&self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let (taken, message) = {
            let mut inner = self.inner();
            (inner.cancelled_error.take(), inner.cancel_message.clone())
        };
        if let Some(error) = taken {
            return error;
        }
        match library::cancelled_error_class(vm) {
            Ok(class) => vm.new_exception(class, message.into_iter().collect()),
            Err(error) => error,
        }
    }

    /// Ends the future with a result.
    pub(super) fn finish(
        &self,
        owner: &PyObject,
        result: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        self.inner().result = Some(result);
        self.end(State::Finished, owner, vm)
    }

    /// Ends the future with an exception.
    pub(super) fn fail(
        &self,
        owner: &PyObject,
        exception: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        {
            let mut inner = self.inner();
            inner.exception_traceback = exception.traceback();
            inner.exception = Some(exception);
            inner.log_traceback = true;
        }
        self.end(State::Finished, owner, vm)
    }

    /// Ends the future as cancelled, if it is pending.
    pub(super) fn cancel_now(
        &self,
        owner: &PyObject,
        message: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<bool> {
        let before = {
            let mut inner = self.inner();
            inner.log_traceback = false;
            if inner.state != State::Pending {
                return Ok(false);
            }
            std::mem::replace(&mut inner.cancel_message, message)
        };
        drop(before);
        self.end(State::Cancelled, owner, vm)?;
        Ok(true)
    }

    fn end(&self, state: State, owner: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let (event_loop, first, more) = {
            let mut inner = self.inner();
            inner.state = state;
            (
                inner.event_loop.clone(),
                inner.first_callback.take(),
                std::mem::take(&mut inner.more_callbacks),
            )
        };
        let Some(event_loop) = event_loop else {
            return Ok(());
        };
        for callback in first.into_iter().chain(more) {
            callback.schedule(&event_loop, owner, vm)?;
        }
        Ok(())
    }

    /// Adds a callback; if the future is done it runs in the loop's next turn.
    pub(super) fn on_done(
        &self,
        owner: &PyObject,
        callback: DoneCallback,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let event_loop = {
            let mut inner = self.inner();
            if inner.state == State::Pending {
                if inner.first_callback.is_none() && inner.more_callbacks.is_empty() {
                    inner.first_callback = Some(callback);
                } else {
                    inner.more_callbacks.push(callback);
                }
                return Ok(());
            }
            inner.event_loop.clone()
        };
        match event_loop {
            Some(event_loop) => callback.schedule(&event_loop, owner, vm),
            None => Ok(()),
        }
    }

    fn callbacks(&self) -> Vec<DoneCallback> {
        let inner = self.inner();
        inner
            .first_callback
            .iter()
            .chain(&inner.more_callbacks)
            .cloned()
            .collect()
    }

    pub(super) fn add_awaited_by(&self, waiter: PyObjectRef) {
        let mut inner = self.inner();
        if !inner.awaited_by.iter().any(|known| known.is(&waiter)) {
            inner.awaited_by.push(waiter);
        }
    }

    pub(super) fn discard_awaited_by(&self, waiter: &PyObject) {
        let mut inner = self.inner();
        let place = inner.awaited_by.iter().position(|known| known.is(waiter));
        let removed = place.map(|place| inner.awaited_by.swap_remove(place));
        drop(inner);
        drop(removed);
    }

    /// The exception, which is retrieved by this.
    pub(super) fn exception_retrieved(&self) -> Option<PyBaseExceptionRef> {
        let mut inner = self.inner();
        inner.log_traceback = false;
        inner.exception.clone()
    }

    /// Whether the finalizer has something to say: an exception that nobody asked for.
    fn is_unretrieved(&self) -> bool {
        let inner = self.inner();
        inner.log_traceback && inner.exception.is_some() && inner.event_loop.is_some()
    }

    /// Lets futures that have nothing to say at their end go without a call of their finalizer.
    pub(super) fn skip_idle_finalizers() {
        Self::static_type()
            .slots
            .del_needed
            .store(Some(|future: &PyObject| {
                future
                    .downcast_ref::<Self>()
                    .is_none_or(|future| future.is_unretrieved())
            }));
    }

    /// `Future exception was never retrieved`.
    pub(super) fn report_unretrieved(&self, owner: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        if !self.is_unretrieved() {
            return Ok(());
        }
        let (event_loop, exception, source_traceback) = {
            let inner = self.inner();
            (
                inner.event_loop.clone(),
                inner.exception.clone(),
                inner.source_traceback.clone(),
            )
        };
        let (Some(event_loop), Some(exception)) = (event_loop, exception) else {
            return Ok(());
        };
        let message = format!("{} exception was never retrieved", owner.class().name());
        let mut entries = vec![
            ("message", vm.ctx.new_str(message).into()),
            ("exception", exception.into()),
            ("future", owner.to_owned()),
        ];
        if let Some(source_traceback) = source_traceback {
            entries.push(("source_traceback", source_traceback));
        }
        library::call_exception_handler(&event_loop, entries, vm)
    }
}

/// The exception that `Future.set_exception` was given, as an instance that may be raised into a coroutine.
fn exception_to_set(given: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
    let instance = if given.fast_isinstance(vm.ctx.types.type_type) {
        given.call((), vm)?
    } else {
        given
    };
    let exception = instance.downcast::<PyBaseException>().map_err(|other| {
        vm.new_type_error(format!(
            "invalid exception object: {}",
            other.class().name()
        ))
    })?;
    if !exception.fast_isinstance(vm.ctx.exceptions.stop_iteration) {
        return Ok(exception);
    }
    let error = vm.new_runtime_error(
        "StopIteration interacts badly with generators and cannot be raised into a Future",
    );
    error.set_cause(Some(exception.clone()));
    error.set_context(Some(exception));
    Ok(error)
}
