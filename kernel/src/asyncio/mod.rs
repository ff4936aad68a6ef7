//! The module `_asyncio`, in the place of the interpreter's own: `Future`, `Task` and what knows the running ones.
//!
//! The behaviour is that of CPython's `Modules/_asynciomodule.c` and of `asyncio/futures.py` and `asyncio/tasks.py`. What
//! differs is where the time goes: a task whose loop is [`LoopCore`](crate::event_loop::LoopCore) stands in the ready
//! queue itself, without a handle, a bound method or a call of `call_soon`.
//!
//! - `future`: `Future`; `callbacks`: its done-callbacks; `iterator`: what awaiting it iterates over
//! - `task`: `Task`; `step`: one step of its coroutine; `wrappers`: the callables that show in handles
//! - `bare_yield`: what `sleep(0)` awaits; `gather`: the children of `gather`
//! - `running`: the running loop, the current task, all tasks
//! - `library`: the parts of asyncio's Python that are needed here

mod bare_yield;
mod callbacks;
mod future;
mod gather;
mod iterator;
mod library;
mod running;
mod step;
mod task;
mod wrappers;

pub(crate) use self::future::Future;
pub(crate) use self::step::{send, step_in_context, wake_in_context};
pub(crate) use self::task::Task;
pub(crate) use self::wrappers::{step_callback, wakeup_callback};

/// The definition of the module, for the interpreter's builder.
pub(crate) fn module_def(
    context: &rustpython_vm::Context,
) -> &'static rustpython_vm::builtins::PyModuleDef {
    _asyncio::module_def(context)
}

#[rustpython_vm::pymodule]
mod _asyncio {
    use rustpython_vm::{
        FromArgs, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
        builtins::{PyModule, PySet, PyTupleRef},
        class::PyClassImpl,
    };

    use super::bare_yield::BareYield;
    use super::future::Future;
    use super::gather::{self, Gathering};
    use super::iterator::FutureIter;
    use super::running;
    use super::task::Task;
    use super::wrappers::{TaskStep, TaskWakeup};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for class in [
            Future::make_static_type(),
            Task::make_static_type(),
            FutureIter::make_static_type(),
            BareYield::make_static_type(),
            Gathering::make_static_type(),
            TaskStep::make_static_type(),
            TaskWakeup::make_static_type(),
        ] {
            let name = vm.ctx.intern_str(class.name().to_owned());
            module.set_attr(name, class, vm)?;
        }
        Future::skip_idle_finalizers();
        Task::skip_idle_finalizers();
        // For tasks that are not ours; ours are known natively.
        let weak_set = crate::native::import::from_module("weakref", "WeakSet", vm)?;
        module.set_attr("_scheduled_tasks", weak_set.call((), vm)?, vm)?;
        module.set_attr("_eager_tasks", PySet::default().into_ref(&vm.ctx), vm)?;
        module.set_attr("_current_tasks", vm.ctx.new_dict(), vm)?;
        let on_fork = module.get_attr("_on_fork", vm)?;
        vm.state.after_forkers_child.lock().push(on_fork);
        Ok(())
    }

    #[derive(FromArgs)]
    struct LoopArgs {
        #[pyarg(any, name = "loop", optional)]
        event_loop: Option<PyObjectRef>,
    }

    #[derive(FromArgs)]
    struct RunningLoopArgs {
        #[pyarg(positional, name = "loop")]
        event_loop: Option<PyObjectRef>,
    }

    #[derive(FromArgs)]
    struct TaskArgs {
        #[pyarg(any)]
        task: PyObjectRef,
    }

    #[derive(FromArgs)]
    struct LoopTaskArgs {
        #[pyarg(any, name = "loop")]
        event_loop: PyObjectRef,
        #[pyarg(any)]
        task: PyObjectRef,
    }

    #[pyfunction]
    fn _get_running_loop(vm: &VirtualMachine) -> Option<PyObjectRef> {
        running::running_loop(vm)
    }

    #[pyfunction]
    fn _set_running_loop(args: RunningLoopArgs, vm: &VirtualMachine) {
        running::set_running_loop(args.event_loop, vm);
    }

    #[pyfunction]
    fn get_running_loop(vm: &VirtualMachine) -> PyResult {
        running::require_running_loop(vm)
    }

    #[pyfunction]
    fn get_event_loop(vm: &VirtualMachine) -> PyResult {
        running::get_event_loop(vm)
    }

    #[pyfunction]
    fn current_task(args: LoopArgs, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        running::current_task(args.event_loop, vm)
    }

    #[pyfunction]
    fn all_tasks(args: LoopArgs, vm: &VirtualMachine) -> PyResult {
        running::all_tasks(args.event_loop, vm)
    }

    #[pyfunction]
    fn _register_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::register(&args.task, "_scheduled_tasks", vm)
    }

    #[pyfunction]
    fn _unregister_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::unregister(&args.task, "_scheduled_tasks", vm)
    }

    #[pyfunction]
    fn _register_eager_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::register(&args.task, "_eager_tasks", vm)
    }

    #[pyfunction]
    fn _unregister_eager_task(args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::unregister(&args.task, "_eager_tasks", vm)
    }

    #[pyfunction]
    fn _enter_task(args: LoopTaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::enter_task(&args.event_loop, &args.task, vm)
    }

    #[pyfunction]
    fn _leave_task(args: LoopTaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        running::leave_task(&args.event_loop, &args.task, vm)
    }

    #[pyfunction]
    fn _swap_current_task(args: LoopTaskArgs, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let task = (!vm.is_none(&args.task)).then_some(args.task);
        running::swap_current_task(&args.event_loop, task, vm)
    }

    /// In the place of `asyncio.tasks.__sleep0`.
    #[pyfunction]
    fn _sleep0() -> BareYield {
        BareYield::default()
    }

    /// As `asyncio.gather(*arguments)`, or None if that has to do it.
    #[pyfunction]
    fn _gather(
        arguments: PyTupleRef,
        return_exceptions: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Option<PyObjectRef>> {
        gather::gather(arguments.as_slice(), return_exceptions, vm)
    }

    /// A child process has no loop and no tasks of its parent.
    #[pyfunction]
    fn _on_fork(vm: &VirtualMachine) {
        running::forget(vm);
    }

    #[pyfunction]
    fn future_add_to_awaited_by(fut: PyObjectRef, waiter: PyObjectRef) {
        if let Some(future) = fut.downcast_ref::<Future>() {
            future.add_awaited_by(waiter);
        }
    }

    #[pyfunction]
    fn future_discard_from_awaited_by(fut: PyObjectRef, waiter: PyObjectRef) {
        if let Some(future) = fut.downcast_ref::<Future>() {
            future.discard_awaited_by(&waiter);
        }
    }
}
