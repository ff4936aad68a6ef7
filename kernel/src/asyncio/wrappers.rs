//! The callables that stand for a task's next step where a handle shows a callback.

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    function::PyComparisonValue,
    object::{Traverse, TraverseFn},
    pyclass,
    types::{Callable, Comparable, Hashable, PyComparisonOp, Representable},
};

use super::step;
use super::task::Task;

/// Steps the task: `Task.__step`.
#[pyclass(module = "_asyncio", name = "TaskStepMethWrapper", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(super) struct TaskStep {
    task: PyRef<Task>,
    exception: Option<PyBaseExceptionRef>,
}

impl TaskStep {
    pub(super) fn new(task: PyRef<Task>, exception: Option<PyBaseExceptionRef>) -> Self {
        Self { task, exception }
    }
}

impl Callable for TaskStep {
    type Args = ();

    fn call(zelf: &Py<Self>, (): (), vm: &VirtualMachine) -> PyResult {
        step::step(&zelf.task, zelf.exception.clone(), vm)?;
        Ok(vm.ctx.none())
    }
}

#[pyclass(with(Callable, Representable))]
impl TaskStep {
    /// By which asyncio recognises a task's callback in its messages.
    #[pygetset]
    fn __self__(zelf: &Py<Self>) -> PyObjectRef {
        zelf.task.clone().into()
    }

    #[pygetset]
    fn __qualname__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        coroutine_name(&zelf.task, vm)
    }
}

impl Representable for TaskStep {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!(
            "<TaskStepMethWrapper object at {:#x}>",
            zelf.as_object().get_id()
        ))
    }
}

/// Steps the task with what its future brought: `Task.__wakeup`.
#[pyclass(
    module = "_asyncio",
    name = "TaskWakeupMethWrapper",
    traverse = "manual"
)]
#[derive(Debug, PyPayload)]
pub(super) struct TaskWakeup {
    task: PyRef<Task>,
}

impl TaskWakeup {
    pub(super) fn new(task: PyRef<Task>) -> Self {
        Self { task }
    }
}

impl Callable for TaskWakeup {
    type Args = (PyObjectRef,);

    fn call(zelf: &Py<Self>, (future,): (PyObjectRef,), vm: &VirtualMachine) -> PyResult {
        step::wake(&zelf.task, &future, vm)?;
        Ok(vm.ctx.none())
    }
}

#[pyclass(with(Callable, Representable, Comparable, Hashable))]
impl TaskWakeup {
    #[pygetset]
    fn __self__(zelf: &Py<Self>) -> PyObjectRef {
        zelf.task.clone().into()
    }

    #[pygetset]
    fn __qualname__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        coroutine_name(&zelf.task, vm)
    }
}

impl Representable for TaskWakeup {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!(
            "<TaskWakeupMethWrapper object at {:#x}>",
            zelf.as_object().get_id()
        ))
    }
}

/// Two stand for the same when they wake the same task: they are made when somebody looks.
impl Comparable for TaskWakeup {
    fn cmp(
        zelf: &Py<Self>,
        other: &PyObject,
        op: PyComparisonOp,
        _vm: &VirtualMachine,
    ) -> PyResult<PyComparisonValue> {
        op.eq_only(|| {
            Ok(match other.downcast_ref::<Self>() {
                Some(other) => PyComparisonValue::Implemented(zelf.task.is(&other.task)),
                None => PyComparisonValue::NotImplemented,
            })
        })
    }
}

impl Hashable for TaskWakeup {
    fn hash(
        zelf: &Py<Self>,
        _vm: &VirtualMachine,
    ) -> PyResult<rustpython_vm::common::hash::PyHash> {
        Ok(rustpython_vm::common::hash::hash_pointer(
            zelf.task.get_id(),
        ))
    }
}

/// The callable that steps the task.
pub(crate) fn step_callback(task: PyRef<Task>, vm: &VirtualMachine) -> PyObjectRef {
    TaskStep::new(task, None).into_pyobject(vm)
}

/// The callable that steps the task when it is called with the future that is done.
pub(crate) fn wakeup_callback(task: PyRef<Task>, vm: &VirtualMachine) -> PyObjectRef {
    TaskWakeup::new(task).into_pyobject(vm)
}

fn coroutine_name(task: &Py<Task>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    let coro = task.progress().coro.clone();
    match coro {
        Some(coro) => vm.get_attribute_opt(&coro, "__qualname__"),
        None => Ok(None),
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for TaskStep {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        visit(self.task.as_object());
        self.exception.traverse(visit);
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for TaskWakeup {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        visit(self.task.as_object());
    }
}
