//! What is running: the loop of each thread, the task that it steps, and all the tasks there are.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, builtins::PySet,
};

use super::task::Task;

pub(super) fn running_loop(vm: &VirtualMachine) -> Option<PyObjectRef> {
    vm.asyncio_running_loop.borrow().clone()
}

pub(super) fn require_running_loop(vm: &VirtualMachine) -> PyResult {
    running_loop(vm).ok_or_else(|| vm.new_runtime_error("no running event loop"))
}

pub(super) fn set_running_loop(event_loop: Option<PyObjectRef>, vm: &VirtualMachine) {
    let before = vm.asyncio_running_loop.replace(event_loop);
    drop(before);
}

/// The running loop, or the one that the policy has for this thread.
pub(super) fn get_event_loop(vm: &VirtualMachine) -> PyResult {
    if let Some(event_loop) = running_loop(vm) {
        return Ok(event_loop);
    }
    let policy =
        crate::native::import::from_module("asyncio.events", "_get_event_loop_policy", vm)?
            .call((), vm)?;
    vm.call_method(&policy, "get_event_loop", ())
}

/// The tasks that are being stepped, with their loops: for those who ask from another thread.
static CURRENT: Mutex<Vec<(PyObjectRef, PyObjectRef)>> = Mutex::new(Vec::new());

fn current() -> MutexGuard<'static, Vec<(PyObjectRef, PyObjectRef)>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task that `event_loop`, or the running loop, steps now.
pub(super) fn current_task(
    event_loop: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    let running = running_loop(vm);
    let Some(event_loop) = event_loop.filter(|given| !vm.is_none(given)) else {
        require_running_loop(vm)?;
        return Ok(vm.asyncio_running_task.borrow().clone());
    };
    if running.is_some_and(|running| running.is(&event_loop)) {
        return Ok(vm.asyncio_running_task.borrow().clone());
    }
    Ok(current()
        .iter()
        .find(|(owner, _)| owner.is(&event_loop))
        .map(|(_, task)| task.clone()))
}

/// Makes `task` (or none) the current one of `event_loop` and returns the one before.
pub(super) fn swap_current_task(
    event_loop: &PyObject,
    task: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    let forgotten = {
        let mut current = current();
        let place = current.iter().position(|(owner, _)| owner.is(event_loop));
        match (place, &task) {
            (Some(place), Some(task)) => {
                let entry = (event_loop.to_owned(), task.clone());
                Some(std::mem::replace(&mut current[place], entry))
            }
            (Some(place), None) => Some(current.swap_remove(place)),
            (None, Some(task)) => {
                current.push((event_loop.to_owned(), task.clone()));
                None
            }
            (None, None) => None,
        }
    };
    drop(forgotten);
    vm.asyncio_running_task.replace(task)
}

pub(super) fn enter_task(
    event_loop: &PyObject,
    task: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let other = vm.asyncio_running_task.borrow().clone();
    if let Some(other) = other {
        let (task, other) = (task.repr(vm)?, other.repr(vm)?);
        return Err(vm.new_runtime_error(format!(
            "Cannot enter into task {task} while another task {other} is being executed."
        )));
    }
    swap_current_task(event_loop, Some(task.to_owned()), vm);
    Ok(())
}

pub(super) fn leave_task(
    event_loop: &PyObject,
    task: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let other = vm.asyncio_running_task.borrow().clone();
    if other.as_ref().is_some_and(|other| other.is(task)) {
        swap_current_task(event_loop, None, vm);
        return Ok(());
    }
    let task = task.repr(vm)?;
    let other = match other {
        Some(other) => other.repr(vm)?.to_string_lossy().into_owned(),
        None => "None".to_owned(),
    };
    Err(vm.new_runtime_error(format!(
        "Invalid attempt to leave task {task} while task {other} is entered."
    )))
}

/// Where a task is in memory.
#[derive(Debug, Clone, Copy)]
struct Place(NonNull<PyObject>);

#[expect(unsafe_code, reason = "an address may be known to any thread")]
// SAFETY: it is followed only in `tasks`, which says why that is sound.
unsafe impl Send for Place {}

/// The pending tasks by the address of their payload. They are not kept alive by it: asyncio's list of tasks is weak.
static TASKS: LazyLock<Mutex<HashMap<usize, Place>>> = LazyLock::new(Mutex::default);

fn tasks_by_address() -> MutexGuard<'static, HashMap<usize, Place>> {
    TASKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets `all_tasks` know the task until it is done or gone.
pub(super) fn remember(task: &Py<Task>) {
    let address = std::ptr::from_ref::<Task>(task).addr();
    tasks_by_address().insert(address, Place(NonNull::from(task.as_object())));
}

/// A task is done or gone; its payload calls this before its memory is given back.
pub(super) fn forget_task(task: &Task) {
    tasks_by_address().remove(&std::ptr::from_ref(task).addr());
}

fn tasks() -> Vec<PyObjectRef> {
    let tasks = tasks_by_address();
    tasks
        .values()
        .filter_map(|place| {
            #[expect(unsafe_code, reason = "the registry is weak")]
            // SAFETY: a task that goes takes itself out of the registry first, and cannot do so while it is locked
            // here: the memory is valid. If its count is zero already, it is not brought back to life.
            unsafe {
                PyObject::try_to_owned_from_ptr(place.0.as_ptr())
            }
        })
        .collect()
}

/// The set of the tasks of `event_loop`, or of the running loop, that are not done.
pub(super) fn all_tasks(event_loop: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult {
    let event_loop = match event_loop.filter(|given| !vm.is_none(given)) {
        Some(event_loop) => event_loop,
        None => require_running_loop(vm)?,
    };
    let found = PySet::default().into_ref(&vm.ctx);
    for task in tasks() {
        let Some(ours) = task.downcast_ref::<Task>() else {
            continue;
        };
        let is_of_loop = ours.event_loop().is_some_and(|owner| owner.is(&event_loop));
        if is_of_loop && ours.state_is_pending() {
            found.add(task, vm)?;
        }
    }
    for name in ["_scheduled_tasks", "_eager_tasks"] {
        for task in foreign_tasks(name, vm)? {
            let owner = match vm.get_attribute_opt(&task, "get_loop")? {
                Some(get_loop) => get_loop.call((), vm)?,
                None => task.get_attr("_loop", vm)?,
            };
            if owner.is(&event_loop) && !vm.call_method(&task, "done", ())?.try_to_bool(vm)? {
                found.add(task, vm)?;
            }
        }
    }
    Ok(found.into())
}

/// A set of the module, of tasks that are not ours.
fn foreign_set(name: &'static str, vm: &VirtualMachine) -> PyResult {
    crate::native::import::from_module("_asyncio", name, vm)
}

fn foreign_tasks(name: &'static str, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
    let set = foreign_set(name, vm)?;
    set.length(vm).and_then(|length| {
        if length == 0 {
            return Ok(Vec::new());
        }
        // A copy: tasks may come and go while it is looked through.
        vm.ctx
            .types
            .list_type
            .as_object()
            .call((set,), vm)?
            .try_into_value(vm)
    })
}

pub(super) fn register(task: &PyObject, name: &'static str, vm: &VirtualMachine) -> PyResult<()> {
    match task.downcast_ref::<Task>() {
        Some(task) => {
            remember(task);
            Ok(())
        }
        None => {
            let set = foreign_set(name, vm)?;
            vm.call_method(&set, "add", (task.to_owned(),)).map(drop)
        }
    }
}

pub(super) fn unregister(task: &PyObject, name: &'static str, vm: &VirtualMachine) -> PyResult<()> {
    match task.downcast_ref::<Task>() {
        Some(task) => {
            forget_task(task);
            Ok(())
        }
        None => {
            let set = foreign_set(name, vm)?;
            vm.call_method(&set, "discard", (task.to_owned(),))
                .map(drop)
        }
    }
}

/// Forgets the loop and the tasks of the process that this one was forked from.
pub(super) fn forget(vm: &VirtualMachine) {
    // Not dropped: they belong to the parent's loop, whose finalizers would speak here.
    std::mem::forget(std::mem::take(&mut *current()));
    tasks_by_address().clear();
    vm.asyncio_running_loop.replace(None);
    vm.asyncio_running_task.replace(None);
}
