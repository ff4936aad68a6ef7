//! `Future`: a result that will be there later (`asyncio/futures.py`).

use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{
        PyBaseException, PyBaseExceptionRef, PyGenericAlias, PySet, PyTraceback, PyType, PyTypeRef,
    },
    class::StaticType,
    common::lock::{PyMutex, PyMutexGuard},
    function::{FuncArgs, PySetterValue},
    object::{Traverse, TraverseFn},
    pyclass,
    recursion::ReprGuard,
    types::{Constructor, Destructor, Initializer, Iterable, Representable},
};

use super::callbacks::DoneCallback;
use super::iterator::FutureIter;
use super::library;
use crate::event_loop::{LoopCore, copy_context};

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
    awaited_by: Option<PyRef<PySet>>,
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

    /// The future, if it is of exactly this class, so that none of its methods can be overridden.
    pub(crate) fn exact(object: &PyObject) -> Option<&Py<Self>> {
        let future = object.downcast_ref::<Self>()?;
        future.class().is(Self::static_type()).then_some(future)
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

    pub(super) fn add_awaited_by(&self, waiter: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let set = {
            let mut inner = self.inner();
            inner
                .awaited_by
                .get_or_insert_with(|| PySet::default().into_ref(&vm.ctx))
                .clone()
        };
        set.add(waiter, vm)
    }

    pub(super) fn discard_awaited_by(
        &self,
        waiter: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let Some(set) = self.inner().awaited_by.clone() else {
            return Ok(());
        };
        set.discard(waiter, vm)?;
        if set.elements().is_empty() {
            let emptied = self.inner().awaited_by.take();
            drop(emptied);
        }
        Ok(())
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

#[derive(FromArgs)]
pub(crate) struct FutureArgs {
    #[pyarg(named, name = "loop", optional)]
    event_loop: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(super) struct DoneCallbackArgs {
    #[pyarg(positional, name = "fn")]
    function: PyObjectRef,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(super) struct RemoveDoneCallbackArgs {
    #[pyarg(positional, name = "fn")]
    function: PyObjectRef,
}

#[derive(FromArgs)]
pub(super) struct CancelArgs {
    #[pyarg(any, optional)]
    pub(super) msg: Option<PyObjectRef>,
}

impl CancelArgs {
    pub(super) fn message(self, vm: &VirtualMachine) -> Option<PyObjectRef> {
        self.msg.filter(|message| !vm.is_none(message))
    }
}

impl Constructor for Future {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Future {
    type Args = FutureArgs;

    fn init(zelf: &Py<Self>, args: FutureArgs, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = match args.event_loop.filter(|given| !vm.is_none(given)) {
            Some(event_loop) => event_loop,
            None => super::running::get_event_loop(vm)?,
        };
        zelf.initialize(event_loop, vm)
    }
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    with(Constructor, Initializer, Destructor, Representable, Iterable)
)]
impl Future {
    #[pymethod]
    fn result(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.outcome(vm)
    }

    #[pymethod]
    fn exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyBaseExceptionRef>> {
        let mut inner = zelf.inner();
        match inner.state {
            State::Pending => {
                drop(inner);
                Err(library::invalid_state("Exception is not set.", vm))
            }
            State::Cancelled => {
                drop(inner);
                Err(zelf.cancelled_error(vm))
            }
            State::Finished => {
                inner.log_traceback = false;
                Ok(inner.exception.clone())
            }
        }
    }

    #[pymethod]
    fn set_result(zelf: &Py<Self>, result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.require_pending(vm)?;
        zelf.finish(zelf.as_object(), result, vm)
    }

    #[pymethod]
    fn set_exception(zelf: &Py<Self>, exception: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.require_pending(vm)?;
        zelf.fail(zelf.as_object(), exception_to_set(exception, vm)?, vm)
    }

    fn require_pending(&self, vm: &VirtualMachine) -> PyResult<()> {
        self.require_loop(vm)?;
        if self.state_is_pending() {
            Ok(())
        } else {
            Err(library::invalid_state("invalid state", vm))
        }
    }

    #[pymethod]
    fn add_done_callback(
        zelf: &Py<Self>,
        args: DoneCallbackArgs,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.require_loop(vm)?;
        let context = match args.context.filter(|given| !vm.is_none(given)) {
            Some(context) => context,
            None => copy_context(vm)?,
        };
        let callback = DoneCallback::Call {
            function: args.function,
            context,
        };
        zelf.on_done(zelf.as_object(), callback, vm)
    }

    /// Removes all instances of a callback and returns how many there were. Comparing runs Python, which may do
    /// anything to this future, so it works on a copy.
    #[pymethod]
    fn remove_done_callback(
        zelf: &Py<Self>,
        args: RemoveDoneCallbackArgs,
        vm: &VirtualMachine,
    ) -> PyResult<usize> {
        zelf.require_loop(vm)?;
        let mut kept = Vec::new();
        let mut removed = 0;
        for callback in zelf.callbacks() {
            let (function, _) = callback.parts(vm);
            if vm.identical_or_equal(&function, &args.function)? {
                removed += 1;
            } else {
                kept.push(callback);
            }
        }
        if removed > 0 {
            let mut kept = kept.into_iter();
            let (first, more) = (kept.next(), kept.collect());
            let before = {
                let mut inner = zelf.inner();
                if inner.state != State::Pending {
                    return Ok(removed);
                }
                (
                    std::mem::replace(&mut inner.first_callback, first),
                    std::mem::replace(&mut inner.more_callbacks, more),
                )
            };
            drop(before);
        }
        Ok(removed)
    }

    #[pymethod]
    fn cancel(zelf: &Py<Self>, args: CancelArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.require_loop(vm)?;
        zelf.cancel_now(zelf.as_object(), args.message(vm), vm)
    }

    #[pymethod]
    fn cancelled(zelf: &Py<Self>) -> bool {
        zelf.inner().state == State::Cancelled
    }

    #[pymethod]
    fn done(zelf: &Py<Self>) -> bool {
        !zelf.state_is_pending()
    }

    #[pymethod]
    fn get_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.require_loop(vm)
    }

    #[pymethod]
    fn _make_cancelled_error(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBaseExceptionRef {
        zelf.cancelled_error(vm)
    }

    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> FutureIter {
        FutureIter::new(zelf)
    }

    #[pyclassmethod]
    fn __class_getitem__(
        class: PyTypeRef,
        arguments: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyGenericAlias> {
        PyGenericAlias::from_args(class, arguments, vm)
    }

    #[pygetset]
    fn _state(zelf: &Py<Self>) -> &'static str {
        match zelf.inner().state {
            State::Pending => "PENDING",
            State::Cancelled => "CANCELLED",
            State::Finished => "FINISHED",
        }
    }

    #[pygetset]
    fn _asyncio_future_blocking(zelf: &Py<Self>) -> bool {
        zelf.inner().blocking
    }

    #[pygetset(setter)]
    fn set__asyncio_future_blocking(
        zelf: &Py<Self>,
        value: PySetterValue<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error("cannot delete attribute"));
        };
        zelf.inner().blocking = value;
        Ok(())
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.event_loop()
    }

    #[pygetset]
    fn _callbacks(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let callbacks: Vec<PyObjectRef> = zelf
            .callbacks()
            .iter()
            .map(|callback| {
                let (function, context) = callback.parts(vm);
                vm.ctx.new_tuple(vec![function, context]).into()
            })
            .collect();
        (!callbacks.is_empty()).then(|| vm.ctx.new_list(callbacks).into())
    }

    #[pygetset]
    fn _result(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.inner().result.clone()
    }

    #[pygetset]
    fn _exception(zelf: &Py<Self>) -> Option<PyBaseExceptionRef> {
        zelf.inner().exception.clone()
    }

    #[pygetset]
    fn _log_traceback(zelf: &Py<Self>) -> bool {
        zelf.inner().log_traceback
    }

    #[pygetset(setter)]
    fn set__log_traceback(
        zelf: &Py<Self>,
        value: PySetterValue<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        match value {
            PySetterValue::Assign(false) => {
                zelf.inner().log_traceback = false;
                Ok(())
            }
            PySetterValue::Assign(true) => {
                Err(vm.new_value_error("_log_traceback can only be set to False"))
            }
            PySetterValue::Delete => Err(vm.new_attribute_error("cannot delete attribute")),
        }
    }

    #[pygetset]
    fn _source_traceback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.inner().source_traceback.clone()
    }

    #[pygetset]
    fn _cancel_message(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.inner().cancel_message.clone()
    }

    #[pygetset(setter)]
    fn set__cancel_message(
        zelf: &Py<Self>,
        value: PySetterValue,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let PySetterValue::Assign(message) = value else {
            return Err(vm.new_attribute_error("cannot delete attribute"));
        };
        let before = zelf.inner().cancel_message.replace(message);
        drop(before);
        Ok(())
    }

    /// The set of those who await this future, or None: tasks, and what `gather` and its like make.
    #[pygetset]
    fn _asyncio_awaited_by(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyRef<PySet>>> {
        let told = zelf.inner().awaited_by.clone();
        let waiters = PySet::default().into_ref(&vm.ctx);
        for waiter in told.iter().flat_map(|set| set.elements()) {
            waiters.add(waiter, vm)?;
        }
        for callback in zelf.callbacks() {
            if let DoneCallback::Wake(task) = callback {
                waiters.add(task.into(), vm)?;
            }
        }
        Ok((!waiters.elements().is_empty()).then_some(waiters))
    }
}

impl Destructor for Future {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.report_unretrieved(zelf.as_object(), vm)
    }
}

impl Representable for Future {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let class = zelf.class().name().to_string();
        let Some(_guard) = ReprGuard::enter(vm, zelf.as_object()) else {
            return Ok(format!("<{class} ...>"));
        };
        let info = library::repr_info(
            "asyncio.base_futures",
            "_future_repr_info",
            zelf.as_object(),
            vm,
        )?;
        Ok(format!("<{class} {info}>"))
    }
}

impl Iterable for Future {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(FutureIter::new(zelf).into_pyobject(vm))
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Inner {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.event_loop.traverse(visit);
        self.first_callback.traverse(visit);
        self.more_callbacks.traverse(visit);
        self.result.traverse(visit);
        self.exception.traverse(visit);
        self.exception_traceback.traverse(visit);
        self.cancel_message.traverse(visit);
        self.cancelled_error.traverse(visit);
        self.source_traceback.traverse(visit);
        self.awaited_by.traverse(visit);
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `Inner`.
unsafe impl Traverse for Future {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.inner.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        self.inner.get_mut().clear(out);
    }
}

impl Inner {
    /// Gives up what may be part of a cycle.
    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.event_loop.take());
        for callback in self
            .first_callback
            .take()
            .into_iter()
            .chain(self.more_callbacks.drain(..))
        {
            match callback {
                DoneCallback::Call { function, context } => out.extend([function, context]),
                DoneCallback::Wake(task) => out.push(task.into()),
            }
        }
        out.extend(self.result.take());
        out.extend(self.exception.take().map(PyObjectRef::from));
        out.extend(self.exception_traceback.take().map(PyObjectRef::from));
        out.extend(self.cancel_message.take());
        out.extend(self.cancelled_error.take().map(PyObjectRef::from));
        out.extend(self.source_traceback.take());
        out.extend(self.awaited_by.take().map(PyObjectRef::from));
    }
}
