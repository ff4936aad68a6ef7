//! `Handle` and `TimerHandle`: a callback that the loop will run (`asyncio.events` has them in Python).

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    common::lock::PyMutex,
    function::FuncArgs,
    function::PyComparisonValue,
    pyclass,
    types::{Comparable, Hashable, PyComparisonOp, Representable},
};

/// What a handle runs; taken out when the handle is cancelled, so that its references are given back at once.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    pub(super) function: PyObjectRef,
    pub(super) args: Vec<PyObjectRef>,
}

/// A callback, its arguments and the context that it runs in.
#[pyclass(module = "everloop", name = "Handle")]
#[derive(Debug, PyPayload)]
pub struct Handle {
    callback: PyMutex<Option<Callback>>,
    context: PyObjectRef,
    event_loop: PyObjectRef,
    cancelled: AtomicBool,
}

impl Handle {
    pub(super) fn new(callback: Callback, context: PyObjectRef, event_loop: PyObjectRef) -> Self {
        Self {
            callback: PyMutex::new(Some(callback)),
            context,
            event_loop,
            cancelled: AtomicBool::new(false),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn call(&self, vm: &VirtualMachine) -> PyResult<()> {
        let Some(callback) = self.callback.lock().clone() else {
            return Ok(());
        };
        // Not `Context.run`: a nested turn may run a callback in a context that an outer frame has entered already.
        vm.context_stack.borrow_mut().push(self.context.clone());
        let result = callback.function.call(FuncArgs::from(callback.args), vm);
        vm.context_stack.borrow_mut().pop();
        result.map(drop)
    }

    /// Runs the callback; what it raises goes to the loop's exception handler, as in `asyncio.events.Handle._run`.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt` end the loop's run and are passed on.
    pub(super) fn run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.call(vm) {
            Ok(()) => Ok(()),
            Err(raised) if ends_the_run(&raised, vm) => Err(raised),
            Err(raised) => zelf.report(zelf.as_object(), raised, vm),
        }
    }

    pub(super) fn report(
        &self,
        handle: &PyObject,
        raised: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let context = vm.ctx.new_dict();
        let source = callback_repr(self, vm)?;
        context.set_item(
            "message",
            vm.ctx
                .new_str(format!("Exception in callback {source}"))
                .into(),
            vm,
        )?;
        context.set_item("exception", raised.into(), vm)?;
        context.set_item("handle", handle.to_owned(), vm)?;
        vm.call_method(&self.event_loop, "call_exception_handler", (context,))
            .map(drop)
    }

    fn cancel_once(&self) -> bool {
        let first = !self.cancelled.swap(true, Ordering::Relaxed);
        drop(self.callback.lock().take());
        first
    }
}

/// Whether the exception leaves `run_forever` instead of going to the exception handler.
pub(crate) fn ends_the_run(raised: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    raised.fast_isinstance(vm.ctx.exceptions.system_exit)
        || raised.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
}

/// `name(args) at file:line`, as asyncio shows it in its messages.
fn callback_repr(handle: &Handle, vm: &VirtualMachine) -> PyResult<String> {
    let Some(callback) = handle.callback.lock().clone() else {
        return Ok("cancelled".to_owned());
    };
    let helpers = vm.import("asyncio.format_helpers", 0)?;
    let helpers = helpers.get_attr("format_helpers", vm).unwrap_or(helpers);
    let args = vm.ctx.new_tuple(callback.args);
    let text = vm.call_method(
        &helpers,
        "_format_callback_source",
        (callback.function, args),
    )?;
    Ok(text.str(vm)?.to_string_lossy().into_owned())
}

#[pyclass(flags(HAS_WEAKREF), with(Representable))]
impl Handle {
    #[pymethod]
    fn cancel(zelf: &Py<Self>) {
        zelf.cancel_once();
    }

    #[pymethod]
    fn cancelled(zelf: &Py<Self>) -> bool {
        zelf.is_cancelled()
    }

    #[pymethod]
    fn get_context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.context.clone()
    }

    #[pymethod(name = "_run")]
    fn py_run(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(&zelf, vm)
    }

    #[pygetset]
    fn _cancelled(zelf: &Py<Self>) -> bool {
        zelf.is_cancelled()
    }

    #[pygetset]
    fn _callback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.callback
            .lock()
            .as_ref()
            .map(|callback| callback.function.clone())
    }

    #[pygetset]
    fn _args(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        zelf.callback
            .lock()
            .as_ref()
            .map(|callback| vm.ctx.new_tuple(callback.args.clone()).into())
    }

    #[pygetset]
    fn _context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.context.clone()
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> PyObjectRef {
        zelf.event_loop.clone()
    }

    /// Handles with a traceback of their creation are asyncio's own; the loop makes those in debug mode.
    #[pygetset]
    fn _source_traceback(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.none()
    }
}

impl Representable for Handle {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        if zelf.is_cancelled() {
            return Ok("<Handle cancelled>".to_owned());
        }
        Ok(format!("<Handle {}>", callback_repr(zelf, vm)?))
    }
}

/// A handle that runs at a time of the loop's clock, in seconds.
#[pyclass(module = "everloop", name = "TimerHandle")]
#[derive(Debug, PyPayload)]
pub struct TimerHandle {
    pub(super) handle: PyRef<Handle>,
    when: f64,
}

impl TimerHandle {
    pub(super) fn new(handle: PyRef<Handle>, when: f64) -> Self {
        Self { handle, when }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.handle.is_cancelled()
    }

    pub(super) fn due_at(&self) -> f64 {
        self.when
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
        if zelf.handle.cancel_once() {
            vm.call_method(
                &zelf.handle.event_loop,
                "_timer_handle_cancelled",
                (vm.ctx.none(),),
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
        zelf.handle.context.clone()
    }

    #[pymethod(name = "_run")]
    fn py_run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Handle::run(&zelf.handle, vm)
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
    fn _source_traceback(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.none()
    }
}

impl Representable for TimerHandle {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        if zelf.is_cancelled() {
            return Ok(format!("<TimerHandle cancelled when={}>", zelf.when));
        }
        Ok(format!(
            "<TimerHandle when={} {}>",
            zelf.when,
            callback_repr(&zelf.handle, vm)?
        ))
    }
}

impl Comparable for TimerHandle {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        _vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        let Some(other) = other.downcast_ref::<Self>() else {
            return Ok(PyComparisonValue::NotImplemented);
        };
        Ok(match zelf.when.partial_cmp(&other.when) {
            Some(order) => PyComparisonValue::Implemented(op.eval_ord(order)),
            None => PyComparisonValue::Implemented(false),
        })
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
