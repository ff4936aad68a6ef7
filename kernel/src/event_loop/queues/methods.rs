//! What Python calls, reads and writes of a `Queue`; the underscored names are those that asyncio knows.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::PyType,
    function::FuncArgs,
    pyclass,
    types::{Constructor, Initializer},
};

use super::kept::Method;
use super::line::Line;
use super::operation::QueueOperation;
use super::queue::Queue;

#[derive(FromArgs)]
pub struct InitArgs {
    #[pyarg(any, optional)]
    maxsize: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct ItemArgs {
    #[pyarg(any)]
    item: PyObjectRef,
}

impl Constructor for Queue {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Queue {
    type Args = InitArgs;

    fn init(zelf: &Py<Self>, args: InitArgs, vm: &VirtualMachine) -> PyResult<()> {
        let maxsize = args.maxsize.unwrap_or_else(|| vm.ctx.new_int(0).into());
        zelf.begin(maxsize.clone(), vm);
        if Method::Init.is_kept_by(zelf, vm) {
            zelf.items.reset();
        } else {
            vm.call_method(zelf.as_object(), Method::Init.name(), (maxsize,))?;
        }
        zelf.is_shutdown.store(false, Ordering::Relaxed);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl Queue {
    /// Put an item into the queue; if the queue is full, wait until a slot is free.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: ItemArgs, vm: &VirtualMachine) -> PyRef<QueueOperation> {
        QueueOperation::put(zelf, args.item, vm)
    }

    /// Remove and return an item from the queue; if the queue is empty, wait until an item is available.
    #[pymethod]
    fn get(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyRef<QueueOperation> {
        QueueOperation::get(zelf, vm)
    }

    /// Put an item into the queue without blocking, or raise QueueFull.
    #[pymethod]
    fn put_nowait(zelf: &Py<Self>, args: ItemArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::own_put_now(zelf, args.item, vm)
    }

    /// Remove and return an item from the queue if one is immediately available, else raise QueueEmpty.
    #[pymethod]
    fn get_nowait(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::own_get_now(zelf, vm)
    }

    /// Number of items in the queue.
    #[pymethod]
    fn qsize(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.items.len(vm)
    }

    /// Return True if the queue is empty, False otherwise.
    #[pymethod]
    fn empty(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.items.is_empty(vm)
    }

    /// Return True if there are maxsize items in the queue.
    #[pymethod]
    fn full(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        Self::own_full(zelf, vm)
    }

    /// Indicate that a formerly enqueued task is complete.
    #[pymethod]
    fn task_done(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.own_task_done(vm)
    }

    #[pymethod]
    fn _init(zelf: &Py<Self>, _maxsize: PyObjectRef) {
        zelf.items.reset();
    }

    #[pymethod]
    fn _put(zelf: &Py<Self>, item: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.items.append(item, vm)
    }

    #[pymethod]
    fn _get(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.items.popleft(vm)
    }

    #[pymethod]
    fn _wakeup_next(_zelf: &Py<Self>, waiters: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let line = Line::default();
        line.assign(waiters);
        Self::own_wake_next(&line, vm)
    }

    #[pymethod]
    fn _get_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::own_loop(zelf, vm)
    }

    #[pygetset]
    fn _maxsize(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.maxsize(vm)
    }

    #[pygetset(setter)]
    fn set__maxsize(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.set_maxsize(value, vm);
    }

    #[pygetset]
    fn _queue(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.items.show(vm)
    }

    #[pygetset(setter)]
    fn set__queue(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.items.assign(value);
    }

    #[pygetset]
    fn _getters(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.getters.show(vm)
    }

    #[pygetset(setter)]
    fn set__getters(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.getters.assign(value);
    }

    #[pygetset]
    fn _putters(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.putters.show(vm)
    }

    #[pygetset(setter)]
    fn set__putters(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.putters.assign(value);
    }

    #[pygetset]
    fn _unfinished_tasks(zelf: &Py<Self>) -> i64 {
        zelf.unfinished.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__unfinished_tasks(zelf: &Py<Self>, value: i64) {
        zelf.unfinished.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _finished(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.finished(vm)
    }

    #[pygetset(setter)]
    fn set__finished(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.set_finished(value);
    }

    #[pygetset]
    fn _is_shutdown(zelf: &Py<Self>) -> bool {
        zelf.is_shutdown()
    }

    #[pygetset(setter)]
    fn set__is_shutdown(zelf: &Py<Self>, value: bool) {
        zelf.is_shutdown.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.event_loop.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__loop(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.event_loop.assign(value, vm);
    }
}
