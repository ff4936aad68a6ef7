//! The ready queue's entries: what runs in the next turn.

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
};

use super::core::LoopCore;
use super::handle::{Callback, Handle, ends_the_run};
use super::timer_handle::TimerHandle;
use super::transport::SocketTransport;
use crate::asyncio::{self, Task};

/// Tasks stand in the queue themselves; everything else is a handle.
#[derive(Debug, Clone)]
pub(crate) enum Ready {
    /// `Handle` or `TimerHandle`, ours or asyncio's own.
    Handle(PyObjectRef),
    /// The next step of a task.
    Step(PyRef<Task>),
    /// The next step of a task, whose future is done.
    Wakeup(PyRef<Task>, PyObjectRef),
    /// A transport that has something to read.
    Read(PyRef<SocketTransport>),
    /// A transport that may send.
    Write(PyRef<SocketTransport>),
}

impl Ready {
    /// Runs it; what it raises goes to the loop's exception handler.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt` end the loop's run and are passed on.
    pub(super) fn run(self, event_loop: &Py<LoopCore>, vm: &VirtualMachine) -> PyResult<()> {
        let result = match &self {
            Self::Handle(handle) => return run_handle(handle, vm),
            Self::Step(task) => asyncio::step_in_context(task, vm),
            Self::Wakeup(task, future) => asyncio::wake_in_context(task, future, vm),
            Self::Read(transport) => SocketTransport::read_in_context(transport, vm),
            Self::Write(transport) => SocketTransport::write_in_context(transport, vm),
        };
        match result {
            Ok(()) => Ok(()),
            Err(raised) if ends_the_run(&raised, vm) => Err(raised),
            Err(raised) => {
                let handle = self.into_handle(event_loop, vm);
                match handle.downcast_ref::<Handle>() {
                    Some(native) => native.report(&handle, raised, vm),
                    None => Err(raised),
                }
            }
        }
    }

    /// The handle that asyncio would have in the queue.
    pub(super) fn into_handle(self, event_loop: &Py<LoopCore>, vm: &VirtualMachine) -> PyObjectRef {
        let (context, function, args) = match self {
            Self::Handle(handle) => return handle,
            Self::Step(task) => {
                let step = asyncio::step_callback(task.clone(), vm);
                (task.context(), step, vec![])
            }
            Self::Wakeup(task, future) => {
                let wakeup = asyncio::wakeup_callback(task.clone(), vm);
                (task.context(), wakeup, vec![future])
            }
            Self::Read(transport) => (
                transport.context(),
                SocketTransport::callback(&transport, "_read_ready", vm),
                vec![],
            ),
            Self::Write(transport) => (
                transport.context(),
                SocketTransport::callback(&transport, "_write_ready", vm),
                vec![],
            ),
        };
        let context = vm.unwrap_or_none(context);
        let event_loop = event_loop.as_object().to_owned();
        Handle::new(Callback { function, args }, context, event_loop)
            .into_ref(&vm.ctx)
            .into()
    }
}

fn run_handle(handle: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    if let Some(handle) = handle.downcast_ref::<Handle>() {
        return Handle::run(handle, vm);
    }
    if let Some(timer) = handle.downcast_ref::<TimerHandle>() {
        return TimerHandle::run(timer, vm);
    }
    if handle.get_attr("_cancelled", vm)?.try_to_bool(vm)? {
        return Ok(());
    }
    vm.call_method(handle, "_run", ()).map(drop)
}
