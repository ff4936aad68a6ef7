//! The methods of `LoopCore` that Python calls, as `asyncio.AbstractEventLoop` names them; those that begin with an
//! underscore are for `everloop.loop`.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, builtins::PyType,
    convert::IntoPyException, function::FuncArgs, pyclass, types::Constructor,
};

use super::calls::{Call, take_seconds};
use super::completion::Completion;
use super::core::{LoopCore, monotonic};
use super::readiness::Direction;

impl Constructor for LoopCore {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::new())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl LoopCore {
    #[pymethod]
    fn call_soon(zelf: PyRef<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_closed(vm)?;
        if zelf.debug.load(Ordering::Relaxed) {
            return vm.call_method(zelf.as_object(), "_call_soon_in_debug_mode", args);
        }
        let handle = Self::new_handle(&zelf, Call::from_args("call_soon", args, vm)?, vm)?;
        zelf.ready.lock().push_back(handle.clone().into());
        Ok(handle.into())
    }

    #[pymethod]
    pub(super) fn call_soon_threadsafe(
        zelf: PyRef<Self>,
        args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult {
        zelf.check_closed(vm)?;
        let handle = if zelf.debug.load(Ordering::Relaxed) {
            vm.call_method(
                zelf.as_object(),
                "_call_soon_threadsafe_in_debug_mode",
                args,
            )?
        } else {
            let handle = Self::new_handle(
                &zelf,
                Call::from_args("call_soon_threadsafe", args, vm)?,
                vm,
            )?;
            zelf.ready.lock().push_back(handle.clone().into());
            handle.into()
        };
        zelf.wake.ring();
        Ok(handle)
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
        let debug = zelf.debug.load(Ordering::Relaxed).then(|| args.clone());
        let when = take_seconds("call_at", "when", &mut args, vm)?;
        zelf.check_closed(vm)?;
        if let Some(args) = debug {
            vm.call_method(zelf.as_object(), "_check_call_at", args)?;
        }
        Self::schedule(&zelf, when, Call::from_args("call_at", args, vm)?, vm)
    }

    #[pymethod]
    fn time(_zelf: &Py<Self>) -> f64 {
        monotonic()
    }

    /// Puts a handle that exists already at the end of the ready queue.
    #[pymethod]
    fn _add_callback(zelf: &Py<Self>, handle: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if !handle.get_attr("_cancelled", vm)?.try_to_bool(vm)? {
            zelf.ready.lock().push_back(handle);
        }
        Ok(())
    }

    #[pymethod]
    fn _timer_handle_cancelled(zelf: &Py<Self>, _timer: PyObjectRef) {
        zelf.scheduled.lock().note_cancelled();
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
        let poller = zelf.driver(vm)?.readiness.poller();
        let replaced = zelf
            .watches
            .lock()
            .set(poller, fd, direction(writing), handle);
        match replaced {
            Ok(replaced) => Ok(vm.unwrap_or_none(replaced)),
            Err(error) => Err(file_error(&error, vm)),
        }
    }

    /// Takes the handle of a descriptor away and returns it, or None.
    #[pymethod]
    fn _unwatch(zelf: &Py<Self>, fd: RawFd, writing: bool, vm: &VirtualMachine) -> PyResult {
        let poller = zelf.driver(vm)?.readiness.poller();
        let removed = zelf.watches.lock().unset(poller, fd, direction(writing));
        Ok(vm.unwrap_or_none(removed))
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
        vm.ctx
            .new_list(zelf.ready.lock().iter().cloned().collect())
            .into()
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

fn file_error(
    error: &io::Error,
    vm: &VirtualMachine,
) -> rustpython_vm::builtins::PyBaseExceptionRef {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).into_pyexception(vm),
        None => vm.new_os_error(error.to_string()),
    }
}
