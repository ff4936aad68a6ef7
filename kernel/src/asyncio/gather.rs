//! `Gathering`, what `asyncio.gather` does for each of its children, for the usual kinds of them
//! (`asyncio.tasks.gather`).

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::PyCoroutine,
    common::lock::PyMutex,
    function::{FuncArgs, KwArgs},
    object::{Traverse, TraverseFn},
    pyclass,
    types::Callable,
};

use super::callbacks::DoneCallback;
use super::future::{Future, State};
use super::task::{Task, TaskArgs};
use super::{library, running};
use crate::event_loop::{LoopCore, copy_context};

/// How far it has come. Nothing is dropped and no Python runs while it is locked.
#[derive(Debug, Default)]
struct Progress {
    /// The future that `gather` returned.
    outer: Option<PyObjectRef>,
    /// In the order of the arguments, one that was given twice twice.
    children: Vec<PyObjectRef>,
    unfinished: usize,
}

/// The done-callback of all children of one `gather`.
#[pyclass(module = "_asyncio", name = "Gathering", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(super) struct Gathering {
    progress: PyMutex<Progress>,
    return_exceptions: bool,
    /// The task that called `gather`.
    waiter: Option<PyObjectRef>,
}

/// As `asyncio.gather`, or None if an argument or the loop is not of the usual kind: then asyncio's own has to do it.
pub(super) fn gather(
    arguments: &[PyObjectRef],
    return_exceptions: bool,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    let Some(event_loop) = running::running_loop(vm) else {
        return Ok(None);
    };
    let usual = |argument: &PyObjectRef| match Future::exact(argument) {
        Some(future) => future
            .event_loop()
            .is_some_and(|owner| owner.is(&event_loop)),
        None => argument.downcastable::<PyCoroutine>(),
    };
    let plain = match LoopCore::of(&event_loop) {
        Some(core) => LoopCore::makes_plain_tasks(core, vm)?,
        None => false,
    };
    if arguments.is_empty() || !plain || !arguments.iter().all(usual) {
        return Ok(None);
    }
    let gathering = Gathering {
        progress: PyMutex::default(),
        return_exceptions,
        waiter: running::current_task(None, vm)?,
    }
    .into_ref(&vm.ctx);
    let done = Gathering::adopt(&gathering, arguments, &event_loop, vm)?;
    let children = gathering.progress.lock().children.clone();
    let outer = outer_future(vm.ctx.new_list(children).into(), event_loop, vm)?;
    gathering.progress.lock().outer = Some(outer.clone());
    for child in done {
        gathering.child_done(&child, vm)?;
    }
    Ok(Some(outer))
}

fn outer_future(children: PyObjectRef, event_loop: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let class = crate::native::import::from_module("asyncio.tasks", "_GatheringFuture", vm)?;
    let event_loop = KwArgs::new(std::iter::once(("loop".into(), event_loop)).collect());
    class.call(FuncArgs::new(vec![children], event_loop), vm)
}

impl Gathering {
    /// Makes tasks of the coroutines and calls back when they are done; returns those that are already.
    fn adopt(
        zelf: &Py<Self>,
        arguments: &[PyObjectRef],
        event_loop: &PyObject,
        vm: &VirtualMachine,
    ) -> PyResult<Vec<PyObjectRef>> {
        let context = copy_context(vm)?;
        let mut done = Vec::new();
        let mut adopted = std::collections::HashMap::with_capacity(arguments.len());
        for argument in arguments {
            let known: Option<&PyObjectRef> = adopted.get(&argument.get_id());
            if let Some(child) = known.cloned() {
                zelf.progress.lock().children.push(child);
                continue;
            }
            let child = child_of(argument, event_loop, vm)?;
            adopted.insert(argument.get_id(), child.clone());
            {
                let mut progress = zelf.progress.lock();
                progress.children.push(child.clone());
                progress.unfinished += 1;
            }
            let Some(future) = Future::exact(&child) else {
                continue;
            };
            if !future.state_is_pending() {
                done.push(child);
                continue;
            }
            if let Some(waiter) = &zelf.waiter {
                future.add_awaited_by(waiter.clone());
            }
            let callback = DoneCallback::Call {
                function: zelf.as_object().to_owned(),
                context: context.clone(),
            };
            future.on_done(&child, callback, vm)?;
        }
        Ok(done)
    }

    fn child_done(&self, child: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let Some(future) = Future::exact(child) else {
            return Ok(());
        };
        if let Some(waiter) = &self.waiter {
            future.discard_awaited_by(waiter);
        }
        let (outer, is_last) = {
            let mut progress = self.progress.lock();
            progress.unfinished = progress.unfinished.saturating_sub(1);
            (progress.outer.clone(), progress.unfinished == 0)
        };
        // Marks it as retrieved, whatever comes of it.
        let exception = future.exception_retrieved();
        let Some(outer) = outer else {
            return Ok(());
        };
        let Some(outer_future) = outer.downcast_ref::<Future>() else {
            return Ok(());
        };
        if !outer_future.state_is_pending() {
            return Ok(());
        }
        if !self.return_exceptions {
            let raised = if future.inner().state == State::Cancelled {
                Some(future.cancelled_error(vm))
            } else {
                exception
            };
            if let Some(raised) = raised {
                return outer_future.fail(&outer, raised, vm);
            }
        }
        if !is_last {
            return Ok(());
        }
        if outer.get_attr("_cancel_requested", vm)?.try_to_bool(vm)? {
            // A cancellation is passed on whatever `return_exceptions` says.
            return outer_future.fail(&outer, future.cancelled_error(vm), vm);
        }
        let results = self.results(vm)?;
        outer_future.finish(&outer, vm.ctx.new_list(results).into(), vm)
    }

    fn results(&self, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        let children = self.progress.lock().children.clone();
        children
            .iter()
            .filter_map(|child| Future::exact(child))
            .map(|child| result_of(child, vm))
            .collect()
    }
}

/// The result, or the exception as if it were one.
fn result_of(child: &Future, vm: &VirtualMachine) -> PyResult {
    if child.inner().state == State::Cancelled {
        let message = child.inner().cancel_message.clone();
        let message = message.unwrap_or_else(|| vm.ctx.new_str("").into());
        let class = library::cancelled_error_class(vm)?;
        return Ok(vm.new_exception(class, vec![message]).into());
    }
    match child.exception_retrieved() {
        Some(exception) => Ok(exception.into()),
        None => child.outcome(vm),
    }
}

/// The future of an argument: itself, or a new task for a coroutine.
fn child_of(argument: &PyObjectRef, event_loop: &PyObject, vm: &VirtualMachine) -> PyResult {
    if Future::exact(argument).is_some() {
        return Ok(argument.clone());
    }
    let task = Task::start(event_loop.to_owned(), TaskArgs::of(argument.clone()), vm)?;
    // Nobody else can see to it that it ends.
    task.progress().log_destroy_pending = false;
    Ok(task.into())
}

impl Callable for Gathering {
    type Args = (PyObjectRef,);

    fn call(zelf: &Py<Self>, (child,): (PyObjectRef,), vm: &VirtualMachine) -> PyResult {
        zelf.child_done(&child, vm)?;
        Ok(vm.ctx.none())
    }
}

#[pyclass(with(Callable))]
impl Gathering {
    /// As asyncio's function of this purpose shows itself among the callbacks of a task.
    #[pygetset]
    fn __qualname__(_zelf: &Py<Self>) -> &'static str {
        "gather.<locals>._done_callback"
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Progress {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.outer.traverse(visit);
        self.children.traverse(visit);
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `Progress`.
unsafe impl Traverse for Gathering {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.progress.traverse(visit);
        self.waiter.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let progress = self.progress.get_mut();
        out.extend(progress.outer.take());
        out.append(&mut progress.children);
        out.extend(self.waiter.take());
    }
}
