//! One step of a task: its coroutine runs until it yields what it waits for, returns or raises
//! (`Task.__step_run_and_handle_result` of `asyncio/tasks.py`).

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyCoroutine, PyGenerator},
    function::{FuncArgs, KwArgs},
    protocol::{PyIter, PyIterReturn},
};

use super::callbacks::{DoneCallback, call_soon};
use super::future::Future;
use super::task::Task;
use super::wrappers::{TaskStep, TaskWakeup};
use super::{library, running};
use crate::event_loop::{LoopCore, Ready};
use crate::native::panics::caught;

/// Lets the loop step the task in its next turn, throwing `exception` into it if there is one.
pub(super) fn schedule(
    task: &Py<Task>,
    event_loop: &PyObject,
    exception: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if exception.is_none()
        && let Some(core) = LoopCore::of(event_loop)
    {
        core.push(Ready::Step(task.to_owned()));
        return Ok(());
    }
    let step = TaskStep::new(task.to_owned(), exception).into_pyobject(vm);
    call_soon(
        event_loop,
        vec![step],
        vm.unwrap_or_none(task.context()),
        vm,
    )
}

/// Runs a step in the task's context, as the loop does from its ready queue.
pub(crate) fn step_in_context(task: &Py<Task>, vm: &VirtualMachine) -> PyResult<()> {
    in_context(task, vm, || step(task, None, vm))
}

/// Goes on after `future` is done, in the task's context.
pub(crate) fn wake_in_context(
    task: &Py<Task>,
    future: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    in_context(task, vm, || wake(task, future, vm))
}

fn in_context<T>(task: &Task, vm: &VirtualMachine, action: impl FnOnce() -> T) -> T {
    // Not `Context.run`: a nested turn may step a task in a context that an outer frame has entered already.
    let Some(context) = task.context() else {
        return action();
    };
    vm.context_stack.borrow_mut().push(context);
    let result = action();
    let left = vm.context_stack.borrow_mut().pop();
    drop(left);
    result
}

/// Goes on with the result of `future`, or throws its exception into the coroutine.
pub(super) fn wake(task: &Py<Task>, future: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    let outcome = match Future::exact(future) {
        Some(future) => future.outcome(vm),
        None => vm.call_method(future, "result", ()),
    };
    step(task, outcome.err(), vm)
}

/// Runs the first step at once, inside of the task that makes this one.
pub(super) fn start_eagerly(
    task: &Py<Task>,
    event_loop: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let outer = running::swap_current_task(event_loop, Some(task.as_object().to_owned()), vm);
    let result = in_context(task, vm, || run(task, None, vm));
    running::swap_current_task(event_loop, outer, vm);
    if !task.state_is_pending() {
        let coro = task.progress().coro.take();
        drop(coro);
    }
    result
}

/// Steps the task as the current one of its loop.
///
/// # Errors
/// `KeyboardInterrupt` and `SystemExit` of the coroutine, which end the run of the loop; the task has them too.
pub(super) fn step(
    task: &Py<Task>,
    exception: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let Some(event_loop) = task.event_loop() else {
        return Err(vm.new_runtime_error("Task object is not initialized."));
    };
    if !task.state_is_pending() {
        let task = task.as_object().repr(vm)?;
        return Err(library::invalid_state(
            &format!("__step(): already done: {task}"),
            vm,
        ));
    }
    running::enter_task(&event_loop, task.as_object(), vm)?;
    let result = run(task, exception, vm);
    running::leave_task(&event_loop, task.as_object(), vm)?;
    result
}

fn run(
    task: &Py<Task>,
    exception: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let (coro, must_cancel, waiter) = {
        let mut progress = task.progress();
        (
            progress.coro.clone(),
            std::mem::take(&mut progress.must_cancel),
            progress.waiter.take(),
        )
    };
    drop(waiter);
    let Some(coro) = coro else {
        return Ok(());
    };
    let exception = if must_cancel {
        match exception {
            Some(exception) if library::is_cancelled_error(exception.as_object(), vm)? => {
                Some(exception)
            }
            _ => Some(task.future().cancelled_error(vm)),
        }
    } else {
        exception
    };
    let sent = match exception {
        None => send(&coro, vm.ctx.none(), vm),
        Some(exception) => throw(&coro, exception, vm),
    };
    match sent {
        Ok(PyIterReturn::Return(yielded)) => wait_for(task, yielded, vm),
        Ok(PyIterReturn::StopIteration(result)) => finish(task, vm.unwrap_or_none(result), vm),
        Err(raised) => fail(task, raised, vm),
    }
}

/// `coro.send(value)`. As CPython's `PyIter_Send`, it does not ask a coroutine or an iterator for its method.
///
/// # Errors
/// What the coroutine raises; its return is a value.
pub(crate) fn send(
    coro: &PyObject,
    value: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<PyIterReturn> {
    caught(vm, || {
        if let Some(native) = coro.downcast_ref::<PyCoroutine>() {
            native.as_coro().send(coro, value, vm)
        } else if vm.is_none(&value) && PyIter::check(coro) {
            PyIter::new(coro).next(vm)
        } else {
            PyIterReturn::from_pyresult(vm.call_method(coro, "send", (value,)), vm)
        }
    })
}

fn throw(
    coro: &PyObject,
    exception: PyBaseExceptionRef,
    vm: &VirtualMachine,
) -> PyResult<PyIterReturn> {
    caught(vm, || match coro.downcast_ref::<PyCoroutine>() {
        Some(native) => {
            let none = || vm.ctx.none();
            native
                .as_coro()
                .throw(coro, exception.into(), none(), none(), vm)
        }
        None => PyIterReturn::from_pyresult(vm.call_method(coro, "throw", (exception,)), vm),
    })
}

/// The coroutine returned.
fn finish(task: &Py<Task>, result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    task.forget();
    let must_cancel = std::mem::take(&mut task.progress().must_cancel);
    if must_cancel {
        // It was cancelled in its last step, before it could be told.
        let message = task.future().inner().cancel_message.clone();
        return task
            .future()
            .cancel_now(task.as_object(), message, vm)
            .map(drop);
    }
    task.future().finish(task.as_object(), result, vm)
}

/// The coroutine raised.
fn fail(task: &Py<Task>, raised: PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<()> {
    task.forget();
    if library::is_cancelled_error(raised.as_object(), vm)? {
        let before = task.future().inner().cancelled_error.replace(raised);
        drop(before);
        return task
            .future()
            .cancel_now(task.as_object(), None, vm)
            .map(drop);
    }
    task.future().fail(task.as_object(), raised.clone(), vm)?;
    if crate::event_loop::ends_the_run(&raised, vm) {
        return Err(raised);
    }
    if let Some(event_loop) = task.event_loop()
        && let Some(core) = event_loop.downcast_ref::<LoopCore>()
    {
        LoopCore::task_failed(core, task, vm);
    }
    Ok(())
}

/// The coroutine yielded what it waits for.
fn wait_for(task: &Py<Task>, yielded: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    if vm.is_none(&yielded) {
        // A bare yield: others go first.
        return match task.event_loop() {
            Some(event_loop) => schedule(task, &event_loop, None, vm),
            None => Ok(()),
        };
    }
    let Some(future) = Future::exact(&yielded) else {
        return wait_for_foreign(task, yielded, vm);
    };
    let Some(event_loop) = task.event_loop() else {
        return Ok(());
    };
    let (same_loop, was_blocking) = {
        let mut inner = future.inner();
        let same_loop = inner
            .event_loop
            .as_ref()
            .is_some_and(|other| other.is(&event_loop));
        (same_loop, same_loop && std::mem::take(&mut inner.blocking))
    };
    if let Some(mistake) = mistake_of(task, &yielded, same_loop, was_blocking, vm)? {
        return complain(task, &mistake, vm);
    }
    task.progress().waiter = Some(yielded.clone());
    future.on_done(&yielded, DoneCallback::Wake(task.to_owned()), vm)?;
    cancel_if_asked(task, &yielded, vm)
}

/// What is not exactly our future: one of another library, of a subclass, or a mistake.
fn wait_for_foreign(task: &Py<Task>, yielded: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let blocking = match vm.get_attribute_opt(&yielded, "_asyncio_future_blocking")? {
        Some(blocking) if !vm.is_none(&blocking) => blocking.try_to_bool(vm)?,
        _ => return complain(task, &bad_yield_message(task, &yielded, vm)?, vm),
    };
    let owner = crate::native::import::from_module("asyncio.futures", "_get_loop", vm)?
        .call((yielded.clone(),), vm)?;
    let same_loop = task.event_loop().is_some_and(|ours| ours.is(&owner));
    if let Some(mistake) = mistake_of(task, &yielded, same_loop, blocking, vm)? {
        return complain(task, &mistake, vm);
    }
    yielded.set_attr("_asyncio_future_blocking", vm.ctx.new_bool(false), vm)?;
    let wakeup = TaskWakeup::new(task.to_owned()).into_pyobject(vm);
    let context = vm.unwrap_or_none(task.context());
    let context = KwArgs::new(std::iter::once(("context".into(), context)).collect());
    vm.call_method(
        &yielded,
        "add_done_callback",
        FuncArgs::new(vec![wakeup], context),
    )?;
    task.progress().waiter = Some(yielded.clone());
    cancel_if_asked(task, &yielded, vm)
}

/// A task that was cancelled while it ran cancels what it begins to wait for.
fn cancel_if_asked(task: &Py<Task>, waiter: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    if !task.progress().must_cancel {
        return Ok(());
    }
    let message = task.future().inner().cancel_message.clone();
    if cancel(waiter, message, vm)? {
        task.progress().must_cancel = false;
    }
    Ok(())
}

/// `waiter.cancel(msg=message)`.
pub(super) fn cancel(
    waiter: &PyObject,
    message: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<bool> {
    let message = vm.unwrap_or_none(message);
    let message = KwArgs::new(std::iter::once(("msg".into(), message)).collect());
    vm.call_method(waiter, "cancel", FuncArgs::new(vec![], message))?
        .try_to_bool(vm)
}

/// Throws `RuntimeError` into the coroutine in the next turn: it yielded what cannot be waited for.
fn complain(task: &Py<Task>, message: &str, vm: &VirtualMachine) -> PyResult<()> {
    let error = vm.new_runtime_error(message.to_owned());
    match task.event_loop() {
        Some(event_loop) => schedule(task, &event_loop, Some(error), vm),
        None => Ok(()),
    }
}

/// Why a future that was yielded cannot be waited for, if it cannot.
fn mistake_of(
    task: &Py<Task>,
    future: &PyObject,
    same_loop: bool,
    blocking: bool,
    vm: &VirtualMachine,
) -> PyResult<Option<String>> {
    let name = |object: &PyObject| {
        object
            .repr(vm)
            .map(|text| text.to_string_lossy().into_owned())
    };
    let task = task.as_object();
    Ok(if !same_loop {
        let (task, future) = (name(task)?, name(future)?);
        Some(format!(
            "Task {task} got Future {future} attached to a different loop"
        ))
    } else if !blocking {
        let (task, future) = (name(task)?, name(future)?);
        Some(format!(
            "yield was used instead of yield from in task {task} with {future}"
        ))
    } else if future.is(task) {
        Some(format!("Task cannot await on itself: {}", name(task)?))
    } else {
        None
    })
}

fn bad_yield_message(task: &Py<Task>, yielded: &PyObject, vm: &VirtualMachine) -> PyResult<String> {
    if yielded.downcastable::<PyGenerator>() {
        let (task, yielded) = (task.as_object().repr(vm)?, yielded.repr(vm)?);
        return Ok(format!(
            "yield was used instead of yield from for generator in task {task} with {yielded}"
        ));
    }
    Ok(format!("Task got bad yield: {}", yielded.repr(vm)?))
}
