//! What Python sees of a `Future`.

use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyGenericAlias, PySet, PyType, PyTypeRef},
    function::{FuncArgs, PySetterValue},
    pyclass,
    recursion::ReprGuard,
    types::{Constructor, Destructor, Initializer, Iterable, Representable},
};

use super::super::iterator::FutureIter;
use super::super::{library, running};
use super::{DoneCallback, Future, State, exception_to_set};
use crate::event_loop::copy_context;

#[derive(FromArgs)]
pub(crate) struct FutureArgs {
    #[pyarg(named, name = "loop", optional)]
    event_loop: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(in crate::asyncio) struct DoneCallbackArgs {
    #[pyarg(positional, name = "fn")]
    function: PyObjectRef,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(in crate::asyncio) struct RemoveDoneCallbackArgs {
    #[pyarg(positional, name = "fn")]
    function: PyObjectRef,
}

#[derive(FromArgs)]
pub(in crate::asyncio) struct CancelArgs {
    #[pyarg(any, optional)]
    pub(in crate::asyncio) msg: Option<PyObjectRef>,
}

impl CancelArgs {
    pub(in crate::asyncio) fn message(self, vm: &VirtualMachine) -> Option<PyObjectRef> {
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
            None => running::get_event_loop(vm)?,
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
        for waiter in told {
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
