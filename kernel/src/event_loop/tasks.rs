//! What the tasks of `_asyncio` need of the loop that they run on.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyStr, PyType},
    class::StaticType,
    function::PySetterValue,
    types::SetAttr,
};

use super::core::LoopCore;
use super::handle::{Callback, Handle};
use super::own_method::OwnMethod;
use super::ready::Ready;
use crate::asyncio::{Future, Task};

/// The method in whose place entries go straight into the ready queue.
const CALL_SOON: &str = "call_soon";
static CREATE_FUTURE: OwnMethod = OwnMethod::new("create_future");
static CREATE_TASK: OwnMethod = OwnMethod::new("create_task");

impl LoopCore {
    /// The native loop behind `event_loop`, if what is pushed to it does what its `call_soon` would: nobody has
    /// overridden that, and it is neither closed nor in debug mode.
    pub(crate) fn of(event_loop: &PyObject) -> Option<&Py<Self>> {
        let core = event_loop.downcast_ref::<Self>()?;
        let is_plain = !core.call_soon_is_overridden.load(Ordering::Relaxed)
            && !core.debug.load(Ordering::Relaxed)
            && !core.closed.load(Ordering::Relaxed);
        is_plain.then_some(core)
    }

    /// Whether a class gives its loops another `call_soon` than ours.
    pub(super) fn overrides_call_soon(class: &Py<PyType>, vm: &VirtualMachine) -> bool {
        let name = vm.ctx.intern_str(CALL_SOON);
        match (class.get_attr(name), Self::static_type().get_attr(name)) {
            (Some(found), Some(ours)) => !found.is(&ours),
            _ => true,
        }
    }

    /// As `event_loop.create_future()`.
    pub(super) fn future_of(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult {
        if event_loop.downcast_ref::<Self>().is_some()
            && CREATE_FUTURE.is_kept_by::<Self>(event_loop.class(), vm)
        {
            return Future::of_loop(event_loop.to_owned(), vm).map(Into::into);
        }
        vm.call_method(event_loop, "create_future", ())
    }

    /// Whether its `create_task` makes a task and does nothing else.
    pub(crate) fn makes_plain_tasks(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        Ok(zelf.task_factory.lock().is_none()
            && CREATE_TASK.is_kept_by::<Self>(zelf.class(), vm)
            && Task::replacement(vm)?.is_none())
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    /// Puts an entry at the end of the ready queue; only of a loop that [`LoopCore::of`] returned.
    pub(crate) fn push(&self, entry: Ready) {
        self.ready.lock().push_back(entry);
    }

    /// A handle for [`LoopCore::push`].
    pub(crate) fn handle(
        zelf: &Py<Self>,
        function: PyObjectRef,
        args: Vec<PyObjectRef>,
        context: PyObjectRef,
        vm: &VirtualMachine,
    ) -> Ready {
        let event_loop = zelf.as_object().to_owned();
        let handle = Handle::new(Callback { function, args }, context, event_loop);
        Ready::Handle(handle.into_ref(&vm.ctx).into())
    }

    /// Tells whoever wants to know (`_task_failure_handler`) that a task ended with an exception.
    pub(crate) fn task_failed(zelf: &Py<Self>, task: &Py<Task>, vm: &VirtualMachine) {
        let Some(function) = zelf.task_failure_handler.lock().clone() else {
            return;
        };
        let context = vm.unwrap_or_none(task.context());
        zelf.push(Self::handle(
            zelf,
            function,
            vec![task.as_object().to_owned()],
            context,
            vm,
        ));
    }
}

impl SetAttr for LoopCore {
    fn setattro(
        zelf: &Py<Self>,
        name: &Py<PyStr>,
        value: PySetterValue,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if name.to_string_lossy() == CALL_SOON {
            zelf.call_soon_is_overridden.store(true, Ordering::Relaxed);
        }
        zelf.as_object().generic_setattr(name, value, vm)
    }
}
