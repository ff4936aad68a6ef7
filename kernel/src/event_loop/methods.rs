//! The methods of `LoopCore` that Python calls, as `asyncio.AbstractEventLoop` names them; those that begin with an
//! underscore are for `everloop.loop`.

use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyType,
    function::FuncArgs,
    pyclass,
    types::{Constructor, SetAttr},
};

use super::calls::{Call, take_seconds};
use super::completion::Completion;
use super::core::{LoopCore, monotonic};
use super::readiness::Direction;
use super::ready::Ready;
use super::timer_handle::TimerHandle;
use crate::asyncio::{Future, Task};

impl Constructor for LoopCore {
    type Args = FuncArgs;

    fn py_new(class: &Py<PyType>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::new(Self::overrides_call_soon(class, vm)))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, SetAttr))]
impl LoopCore {
    #[pymethod]
    fn call_soon(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_closed(vm)?;
        let call = Call::from_args("call_soon", args, vm)?;
        Self::check_call(&zelf, "call_soon", &call, vm)?;
        let handle = Self::new_handle(&zelf, call, vm)?.into_ref(&vm.ctx);
        Self::trace(&zelf, handle.as_object(), vm)?;
        zelf.push(Ready::Handle(handle.clone().into()));
        Ok(handle.into())
    }

    #[pymethod]
    pub(super) fn call_soon_threadsafe(
        zelf: PyRef<Self>,
        args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult {
        zelf.check_closed(vm)?;
        let call = Call::from_args("call_soon_threadsafe", args, vm)?;
        Self::check_call(&zelf, "call_soon_threadsafe", &call, vm)?;
        let handle = Self::new_handle(&zelf, call, vm)?
            .shared()
            .into_ref(&vm.ctx);
        Self::trace(&zelf, handle.as_object(), vm)?;
        zelf.push(Ready::Handle(handle.clone().into()));
        zelf.wake.ring();
        Ok(handle.into())
    }

    #[pymethod]
    fn call_later(zelf: PyRef<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if let Some(delay) = args.take_keyword("delay") {
            args.prepend_arg(delay);
        }
        let when = monotonic() + take_seconds("call_later", "delay", &mut args, vm)?;
        args.prepend_arg(vm.ctx.new_float(when).into());
        Self::call_at(zelf, args, vm)
    }

    #[pymethod]
    fn call_at(zelf: PyRef<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if let Some(when) = args.take_keyword("when") {
            args.prepend_arg(when);
        }
        let when = take_seconds("call_at", "when", &mut args, vm)?;
        zelf.check_closed(vm)?;
        let call = Call::from_args("call_at", args, vm)?;
        Self::check_call(&zelf, "call_at", &call, vm)?;
        Self::schedule(&zelf, when, call, vm)
    }

    #[pymethod]
    fn create_future(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Future>> {
        Future::of_loop(zelf.into(), vm)
    }

    #[pymethod]
    fn create_task(zelf: PyRef<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_closed(vm)?;
        let factory = zelf.task_factory.lock().clone();
        if let Some(factory) = factory {
            args.prepend_arg(zelf.into());
            return factory.call(args, vm);
        }
        if let Some(class) = Task::replacement(vm)? {
            args.kwargs.insert("loop".into(), zelf.into());
            return class.call(args, vm);
        }
        Ok(Task::start(zelf.into(), args.bind(vm)?, vm)?.into())
    }

    #[pygetset]
    fn _task_factory(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.task_factory.lock().clone()
    }

    #[pygetset(setter)]
    fn set__task_factory(zelf: &Py<Self>, factory: Option<PyObjectRef>) {
        let before = std::mem::replace(&mut *zelf.task_factory.lock(), factory);
        drop(before);
    }

    /// Called with each task that ends with an exception, in the task's context.
    #[pygetset]
    fn _task_failure_handler(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.task_failure_handler.lock().clone()
    }

    #[pygetset(setter)]
    fn set__task_failure_handler(zelf: &Py<Self>, handler: Option<PyObjectRef>) {
        let before = std::mem::replace(&mut *zelf.task_failure_handler.lock(), handler);
        drop(before);
    }

    #[pymethod]
    fn time(_zelf: &Py<Self>) -> f64 {
        monotonic()
    }

    /// Puts a handle that exists already at the end of the ready queue.
    #[pymethod]
    fn _add_callback(zelf: &Py<Self>, handle: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if !handle.get_attr("_cancelled", vm)?.try_to_bool(vm)? {
            zelf.push(Ready::Handle(handle));
        }
        Ok(())
    }

    #[pymethod]
    fn _timer_handle_cancelled(zelf: &Py<Self>, timer: PyObjectRef) {
        let scheduled = timer
            .downcast_ref::<TimerHandle>()
            .is_some_and(|timer| timer.is_scheduled());
        if scheduled {
            zelf.scheduled.lock().note_cancelled();
        }
    }

    /// Sets the handle that runs when the descriptor is readable (or writable) and returns the one before.
    #[pymethod]
    fn _watch(
        zelf: &Py<Self>,
        fd: RawFd,
        writing: bool,
        handle: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult {
        let replaced = zelf.watch(fd, direction(writing), Ready::Handle(handle), vm)?;
        Ok(vm.unwrap_or_none(replaced.and_then(handle_of)))
    }

    /// Takes the handle of a descriptor away and returns it, or None.
    #[pymethod]
    fn _unwatch(zelf: &Py<Self>, fd: RawFd, writing: bool, vm: &VirtualMachine) -> PyResult {
        let removed = zelf.unwatch(fd, direction(writing));
        Ok(vm.unwrap_or_none(removed.and_then(handle_of)))
    }

    /// The handles of the watched descriptors: `{fd: (reader, writer)}`.
    #[pymethod]
    fn _watched(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let watched = vm.ctx.new_dict();
        let by_fd: Vec<_> = zelf.watches.lock().entries().collect();
        for (fd, pair) in by_fd {
            let handle = |entry: Ready| entry.into_handle(zelf, vm);
            let handles = pair.map(|entry| vm.unwrap_or_none(entry.map(handle)));
            let handles = vm.ctx.new_tuple(handles.into());
            watched.set_item(vm.ctx.new_int(fd).as_object(), handles.into(), vm)?;
        }
        Ok(watched.into())
    }

    /// One turn, as `BaseEventLoop._run_once`.
    #[pymethod]
    fn _run_once(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::turn(&zelf, vm)
    }

    #[pymethod]
    fn _run_turns(
        zelf: PyRef<Self>,
        completion: Option<PyRef<Completion>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run_turns(&zelf, completion, vm)
    }

    #[pymethod]
    fn stop(zelf: &Py<Self>) {
        zelf.stopping.store(true, Ordering::Relaxed);
        zelf.wake.ring();
    }

    /// Ends a parked turn from whatever thread.
    #[pymethod]
    fn _write_to_self(zelf: &Py<Self>) {
        zelf.wake.ring();
    }

    /// Forgets everything that was to run.
    #[pymethod]
    fn _clear(zelf: &Py<Self>) {
        let ready = std::mem::take(&mut *zelf.ready.lock());
        drop(ready);
        zelf.scheduled.lock().clear();
        zelf.watches.lock().clear();
    }

    #[pymethod]
    fn get_debug(zelf: &Py<Self>) -> bool {
        zelf.debug.load(Ordering::Relaxed)
    }

    #[pygetset]
    fn _depth(zelf: &Py<Self>) -> u32 {
        zelf.depth()
    }

    #[pygetset(name = "_ready")]
    fn ready_handles(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let entries: Vec<Ready> = zelf.ready.lock().iter().cloned().collect();
        let handles = entries.into_iter().map(|entry| entry.into_handle(zelf, vm));
        vm.ctx.new_list(handles.collect()).into()
    }

    #[pygetset(name = "_ready", setter)]
    fn set_ready_handles(_zelf: &Py<Self>, _value: PyObjectRef) {
        // `BaseEventLoop.__init__` assigns an empty deque; the queue is ours.
    }

    #[pygetset(name = "_scheduled")]
    fn scheduled_handles(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx
            .new_list(
                zelf.scheduled
                    .lock()
                    .handles()
                    .map(|timer| timer.clone().into())
                    .collect(),
            )
            .into()
    }

    #[pygetset(name = "_scheduled", setter)]
    fn set_scheduled_handles(_zelf: &Py<Self>, _value: PyObjectRef) {
        // As with `_ready`.
    }

    #[pygetset(name = "_debug")]
    fn debug(zelf: &Py<Self>) -> bool {
        zelf.debug.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_debug", setter)]
    fn set_debug_flag(zelf: &Py<Self>, value: bool) {
        zelf.debug.store(value, Ordering::Relaxed);
    }

    #[pygetset(name = "_closed")]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_closed", setter)]
    fn set_closed(zelf: &Py<Self>, value: bool) {
        zelf.closed.store(value, Ordering::Relaxed);
    }

    #[pygetset(name = "_stopping")]
    fn stopping(zelf: &Py<Self>) -> bool {
        zelf.stopping.load(Ordering::Relaxed)
    }

    #[pygetset(name = "_stopping", setter)]
    fn set_stopping(zelf: &Py<Self>, value: bool) {
        zelf.stopping.store(value, Ordering::Relaxed);
    }
}

fn direction(writing: bool) -> Direction {
    if writing {
        Direction::Write
    } else {
        Direction::Read
    }
}

/// The handle of a watched descriptor; a transport has none.
fn handle_of(target: Ready) -> Option<PyObjectRef> {
    match target {
        Ready::Handle(handle) => Some(handle),
        _ => None,
    }
}
