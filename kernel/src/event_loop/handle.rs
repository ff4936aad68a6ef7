//! `Handle`: a callback that the loop will run (`asyncio.events` has it in Python).

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    common::lock::PyMutex,
    function::FuncArgs,
    object::{Traverse, TraverseFn},
    pyclass,
    types::Representable,
};

use super::exclusive::{Exclusive, Guard};
use super::handle_text::{callback_repr, from_asyncio, show};
use crate::native::panics::caught;

/// What a handle runs; taken out when the handle is cancelled, so that its references are given back at once.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    pub(super) function: PyObjectRef,
    pub(super) args: Vec<PyObjectRef>,
}

/// A callback, its arguments and the context that it runs in.
#[pyclass(module = "everloop", name = "Handle", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct Handle {
    callback: PyMutex<Option<Callback>>,
    context: PyObjectRef,
    event_loop: PyObjectRef,
    cancelled: AtomicBool,
    /// Of a handle that other threads have: they do not cancel it while it runs.
    exclusive: Option<Box<Exclusive>>,
    /// In debug mode.
    origin: PyMutex<Option<Box<Origin>>>,
}

/// What debug mode knows of a handle.
#[derive(Debug)]
struct Origin {
    /// The stack of the call that made it.
    source_traceback: PyObjectRef,
    /// How it showed itself before it was cancelled and its callback given back.
    cancelled_repr: Option<String>,
}

impl Handle {
    pub(super) fn new(callback: Callback, context: PyObjectRef, event_loop: PyObjectRef) -> Self {
        Self {
            callback: PyMutex::new(Some(callback)),
            context,
            event_loop,
            cancelled: AtomicBool::new(false),
            exclusive: None,
            origin: PyMutex::new(None),
        }
    }

    /// As `asyncio.events._ThreadSafeHandle`.
    pub(super) fn shared(mut self) -> Self {
        self.exclusive = Some(Box::default());
        self
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
        let result = caught(vm, || {
            callback.function.call(FuncArgs::from(callback.args), vm)
        });
        vm.context_stack.borrow_mut().pop();
        result.map(drop)
    }

    /// Runs the callback; what it raises goes to the loop's exception handler, as in `asyncio.events.Handle._run`.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt` end the loop's run and are passed on.
    pub(super) fn run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.run_as(zelf.as_object(), vm)
    }

    /// `shown` is the handle that messages name.
    pub(super) fn run_as(&self, shown: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let _alone = self.alone(vm);
        match self.call(vm) {
            Ok(()) => Ok(()),
            Err(raised) if ends_the_run(&raised, vm) => Err(raised),
            Err(raised) => self.report(shown, raised, vm),
        }
    }

    /// Keeps other threads from running or cancelling the handle meanwhile, if it is shared with some.
    fn alone(&self, vm: &VirtualMachine) -> Option<Guard<'_>> {
        self.exclusive.as_ref().map(|exclusive| exclusive.enter(vm))
    }

    pub(super) fn report(
        &self,
        handle: &PyObject,
        raised: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let context = vm.ctx.new_dict();
        let source = callback_repr(self, vm)?.unwrap_or_default();
        context.set_item(
            "message",
            vm.ctx
                .new_str(format!("Exception in callback {source}"))
                .into(),
            vm,
        )?;
        context.set_item("exception", raised.clone().into(), vm)?;
        context.set_item("handle", handle.to_owned(), vm)?;
        if let Some(source_traceback) = self.source_traceback() {
            context.set_item("source_traceback", source_traceback, vm)?;
        }
        // As inside of an `except` clause: what the handler raises has this one as its context.
        let before = vm.current_exception();
        vm.set_exception(Some(raised));
        let result = vm.call_method(&self.event_loop, "call_exception_handler", (context,));
        vm.set_exception(before);
        result.map(drop)
    }

    pub(super) fn cancel_once(&self, shown: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
        let _alone = self.alone(vm);
        if self.is_cancelled() {
            return Ok(false);
        }
        let traced = self.origin.lock().is_some();
        if traced {
            // asyncio marks it first, so that the text says that it is cancelled, and of what.
            self.cancelled.store(true, Ordering::Relaxed);
            let repr = shown.repr(vm)?.to_string_lossy().into_owned();
            if let Some(origin) = self.origin.lock().as_mut() {
                origin.cancelled_repr = Some(repr);
            }
            drop(self.callback.lock().take());
            return Ok(true);
        }
        let first = !self.cancelled.swap(true, Ordering::Relaxed);
        drop(self.callback.lock().take());
        Ok(first)
    }

    fn class_name(&self) -> &'static str {
        if self.exclusive.is_some() {
            "_ThreadSafeHandle"
        } else {
            "Handle"
        }
    }

    pub(super) fn callback(&self) -> Option<Callback> {
        self.callback.lock().clone()
    }

    pub(super) fn context(&self) -> &PyObjectRef {
        &self.context
    }

    pub(super) fn event_loop(&self) -> &PyObjectRef {
        &self.event_loop
    }

    pub(super) fn cancelled_repr(&self) -> Option<String> {
        let origin = self.origin.lock();
        origin
            .as_ref()
            .and_then(|origin| origin.cancelled_repr.clone())
    }

    pub(super) fn source_traceback(&self) -> Option<PyObjectRef> {
        let origin = self.origin.lock();
        origin
            .as_ref()
            .map(|origin| origin.source_traceback.clone())
    }

    pub(super) fn set_source_traceback(&self, source_traceback: PyObjectRef) {
        *self.origin.lock() = Some(Box::new(Origin {
            source_traceback,
            cancelled_repr: None,
        }));
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited at most once. What is locked is not: it only seems to be in use.
unsafe impl Traverse for Handle {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(Some(callback)) = self.callback.try_lock().as_deref() {
            callback.function.traverse(visit);
            callback.args.traverse(visit);
        }
        self.context.traverse(visit);
        self.event_loop.traverse(visit);
        if let Some(Some(origin)) = self.origin.try_lock().as_deref() {
            origin.source_traceback.traverse(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        if let Some(callback) = self.callback.get_mut().take() {
            out.push(callback.function);
            out.extend(callback.args);
        }
    }
}

/// Whether the exception leaves `run_forever` instead of going to the exception handler.
pub(crate) fn ends_the_run(raised: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    raised.fast_isinstance(vm.ctx.exceptions.system_exit)
        || raised.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
}

#[pyclass(flags(HAS_WEAKREF), with(Representable))]
impl Handle {
    #[pymethod]
    fn cancel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.cancel_once(zelf.as_object(), vm).map(drop)
    }

    #[pymethod]
    fn cancelled(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        let _alone = zelf.alone(vm);
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
    pub(super) fn _callback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.callback
            .lock()
            .as_ref()
            .map(|callback| callback.function.clone())
    }

    #[pygetset]
    pub(super) fn _args(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
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

    #[pygetset]
    fn _source_traceback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.source_traceback()
    }

    #[pygetset(setter)]
    fn set__source_traceback(zelf: &Py<Self>, source_traceback: PyObjectRef) {
        zelf.set_source_traceback(source_traceback);
    }

    /// To `isinstance` it is one of asyncio's.
    #[pygetset]
    fn __class__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        from_asyncio("events", zelf.class_name(), vm)
    }
}

impl Representable for Handle {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        show(zelf, zelf.class_name(), "", vm)
    }
}
