//! The done-callbacks of a future, and how they get onto its loop.

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    function::{FuncArgs, KwArgs},
    object::{Traverse, TraverseFn},
};

use super::task::Task;
use super::wrappers::TaskWakeup;
use crate::event_loop::{LoopCore, Ready};

/// What happens when a future is done.
#[derive(Debug, Clone)]
pub(super) enum DoneCallback {
    /// `function(future)`, in a context.
    Call {
        function: PyObjectRef,
        context: PyObjectRef,
    },
    /// The task that awaits the future goes on, in its own context.
    Wake(PyRef<Task>),
}

impl DoneCallback {
    /// The callable and its context, as `Future._callbacks` shows them.
    pub(super) fn parts(&self, vm: &VirtualMachine) -> (PyObjectRef, PyObjectRef) {
        match self {
            Self::Call { function, context } => (function.clone(), context.clone()),
            Self::Wake(task) => (
                TaskWakeup::new(task.clone()).into_pyobject(vm),
                vm.unwrap_or_none(task.context()),
            ),
        }
    }

    /// Lets the loop run this for `future` in its next turn.
    pub(super) fn schedule(
        self,
        event_loop: &PyObject,
        future: &PyObject,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if let Some(core) = LoopCore::of(event_loop) {
            let future = future.to_owned();
            core.push(match self {
                Self::Call { function, context } => {
                    LoopCore::handle(core, function, vec![future], context, vm)
                }
                Self::Wake(task) => Ready::Wakeup(task, future),
            });
            Ok(())
        } else {
            let (function, context) = self.parts(vm);
            call_soon(event_loop, vec![function, future.to_owned()], context, vm)
        }
    }
}

/// `event_loop.call_soon(*args, context=context)`.
pub(super) fn call_soon(
    event_loop: &PyObject,
    args: Vec<PyObjectRef>,
    context: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let context = KwArgs::new(std::iter::once(("context".into(), context)).collect());
    vm.call_method(event_loop, "call_soon", FuncArgs::new(args, context))
        .map(drop)
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for DoneCallback {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        match self {
            Self::Call { function, context } => {
                function.traverse(visit);
                context.traverse(visit);
            }
            Self::Wake(task) => visit(task.as_object()),
        }
    }
}
