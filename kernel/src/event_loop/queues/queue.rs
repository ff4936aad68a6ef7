//! `Queue`, and what its methods do, as in `asyncio/queues.py`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyInt, PyTypeRef},
    object::{Traverse, TraverseFn},
    pyclass,
    types::PyComparisonOp,
};

use super::kept::{Kept, Method};
use super::line::Line;
use crate::asyncio::Future;
use crate::event_loop::core::LoopCore;
use crate::event_loop::slot::Slot;

/// The native half of `asyncio.Queue`.
#[pyclass(module = "_everloop", name = "Queue", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub struct Queue {
    pub(super) kept: Kept,
    maxsize: Slot,
    limit: AtomicUsize,
    pub(super) items: Line,
    pub(super) getters: Line,
    pub(super) putters: Line,
    pub(super) unfinished: AtomicI64,
    /// The event that `join` waits for. Most queues are never joined: until it is asked for, there is only the flag.
    finished_event: Slot,
    is_finished: AtomicBool,
    pub(super) is_shutdown: AtomicBool,
    pub(super) event_loop: Slot,
}

static FULL: OnceLock<PyTypeRef> = OnceLock::new();
static EMPTY: OnceLock<PyTypeRef> = OnceLock::new();

/// `limit` of a queue that has none.
const UNLIMITED: usize = 0;
/// `limit` of a queue whose `maxsize` is not simply an integer.
const ASK: usize = usize::MAX;

/// Which of the two kinds of waiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Put,
    Get,
}

impl Queue {
    pub(super) fn begin(&self, maxsize: PyObjectRef, vm: &VirtualMachine) {
        self.set_maxsize(maxsize, vm);
        self.getters.reset();
        self.putters.reset();
        self.unfinished.store(0, Ordering::Relaxed);
        drop(self.finished_event.take());
        self.is_finished.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_maxsize(&self, maxsize: PyObjectRef, vm: &VirtualMachine) {
        let limit =
            maxsize.downcast_ref_if_exact::<PyInt>(vm).map(|maxsize| {
                match isize::try_from(maxsize.as_bigint()) {
                    Ok(maxsize) => usize::try_from(maxsize).unwrap_or(UNLIMITED),
                    Err(_) => ASK,
                }
            });
        self.limit.store(limit.unwrap_or(ASK), Ordering::Relaxed);
        self.maxsize.set(maxsize);
    }

    pub(super) fn maxsize(&self, vm: &VirtualMachine) -> PyObjectRef {
        self.maxsize.get_or_none(vm)
    }

    pub(super) fn waiters(&self, side: Side) -> &Line {
        match side {
            Side::Put => &self.putters,
            Side::Get => &self.getters,
        }
    }

    pub(super) fn is_shutdown(&self) -> bool {
        self.is_shutdown.load(Ordering::Relaxed)
    }

    /// Whether there is nothing to do but wait, for a side.
    pub(super) fn has_to_wait(zelf: &Py<Self>, side: Side, vm: &VirtualMachine) -> PyResult<bool> {
        match side {
            Side::Put => Self::is_full(zelf, vm),
            Side::Get => Self::is_empty(zelf, vm),
        }
    }

    fn call(
        zelf: &Py<Self>,
        method: Method,
        args: Vec<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        vm.call_method(zelf.as_object(), method.name(), args)
    }

    pub(super) fn is_full(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        if Method::Full.is_kept_by(zelf, vm) {
            return Self::own_full(zelf, vm);
        }
        Self::call(zelf, Method::Full, vec![], vm)?.try_to_bool(vm)
    }

    pub(super) fn own_full(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        match zelf.limit.load(Ordering::Relaxed) {
            UNLIMITED => Ok(false),
            ASK => {
                let maxsize = zelf.maxsize(vm);
                let zero = vm.ctx.new_int(0);
                if maxsize.rich_compare_bool(zero.as_object(), PyComparisonOp::Le, vm)? {
                    return Ok(false);
                }
                let size = vm.ctx.new_int(Self::size(zelf, vm)?);
                size.as_object()
                    .rich_compare_bool(&maxsize, PyComparisonOp::Ge, vm)
            }
            limit => Ok(Self::size(zelf, vm)? >= limit),
        }
    }

    fn size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<usize> {
        if Method::QSize.is_kept_by(zelf, vm) {
            return zelf.items.len(vm);
        }
        usize::try_from_object(vm, Self::call(zelf, Method::QSize, vec![], vm)?)
    }

    pub(super) fn is_empty(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        if Method::Empty.is_kept_by(zelf, vm) {
            return zelf.items.is_empty(vm);
        }
        Self::call(zelf, Method::Empty, vec![], vm)?.try_to_bool(vm)
    }

    /// `self.put_nowait(item)`.
    pub(super) fn put_now(zelf: &Py<Self>, item: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        if Method::PutNowait.is_kept_by(zelf, vm) {
            return Self::own_put_now(zelf, item, vm).map(|()| vm.ctx.none());
        }
        Self::call(zelf, Method::PutNowait, vec![item], vm)
    }

    pub(super) fn own_put_now(
        zelf: &Py<Self>,
        item: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if zelf.is_shutdown() {
            return Err(shut_down(vm));
        }
        if Self::is_full(zelf, vm)? {
            return Err(queue_error(&FULL, "QueueFull", vm));
        }
        if Method::Put.is_kept_by(zelf, vm) {
            zelf.items.append(item, vm)?;
        } else {
            Self::call(zelf, Method::Put, vec![item], vm)?;
        }
        zelf.unfinished.fetch_add(1, Ordering::Relaxed);
        zelf.is_finished.store(false, Ordering::Relaxed);
        if let Some(event) = zelf.finished_event.get() {
            vm.call_method(&event, "clear", ())?;
        }
        Self::wake_next(zelf, Side::Get, vm)
    }

    /// `self.get_nowait()`.
    pub(super) fn get_now(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if Method::GetNowait.is_kept_by(zelf, vm) {
            return Self::own_get_now(zelf, vm);
        }
        Self::call(zelf, Method::GetNowait, vec![], vm)
    }

    pub(super) fn own_get_now(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if Self::is_empty(zelf, vm)? {
            if zelf.is_shutdown() {
                return Err(shut_down(vm));
            }
            return Err(queue_error(&EMPTY, "QueueEmpty", vm));
        }
        let item = if Method::Get.is_kept_by(zelf, vm) {
            zelf.items.popleft(vm)?
        } else {
            Self::call(zelf, Method::Get, vec![], vm)?
        };
        Self::wake_next(zelf, Side::Put, vm)?;
        Ok(item)
    }

    /// `self._wakeup_next(waiters)`.
    pub(super) fn wake_next(zelf: &Py<Self>, side: Side, vm: &VirtualMachine) -> PyResult<()> {
        let waiters = zelf.waiters(side);
        if Method::WakeupNext.is_kept_by(zelf, vm) {
            return Self::own_wake_next(waiters, vm);
        }
        let args = vec![waiters.show(vm)?];
        Self::call(zelf, Method::WakeupNext, args, vm).map(drop)
    }

    /// Wakes the first of those who have not been cancelled.
    pub(super) fn own_wake_next(waiters: &Line, vm: &VirtualMachine) -> PyResult<()> {
        while !waiters.is_empty(vm)? {
            let waiter = waiters.popleft(vm)?;
            if let Some(future) = Future::exact(&waiter) {
                if future.state_is_pending() {
                    return Future::wake(future, vm);
                }
            } else if !vm.call_method(&waiter, "done", ())?.try_to_bool(vm)? {
                let none = vm.ctx.none();
                return vm.call_method(&waiter, "set_result", (none,)).map(drop);
            }
        }
        Ok(())
    }

    /// A future in the line of those who wait.
    pub(super) fn wait(zelf: &Py<Self>, side: Side, vm: &VirtualMachine) -> PyResult {
        let event_loop = if Method::GetLoop.is_kept_by(zelf, vm) {
            Self::own_loop(zelf, vm)?
        } else {
            Self::call(zelf, Method::GetLoop, vec![], vm)?
        };
        let waiter = LoopCore::future_of(&event_loop, vm)?;
        zelf.waiters(side).append(waiter.clone(), vm)?;
        Ok(waiter)
    }

    /// The running loop, to which the first who waits binds the queue.
    pub(super) fn own_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let running = vm.asyncio_running_loop.borrow().clone();
        let bound = zelf.event_loop.get();
        let Some(running) = running else {
            return match bound {
                None => Ok(vm.ctx.none()),
                Some(_) => Err(Self::bound_elsewhere(zelf, vm)),
            };
        };
        if zelf.event_loop.set_if_empty(&running).is(&running) {
            Ok(running)
        } else {
            Err(Self::bound_elsewhere(zelf, vm))
        }
    }

    fn bound_elsewhere(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBaseExceptionRef {
        match zelf.as_object().repr(vm) {
            Ok(text) => {
                let text = text.to_string_lossy();
                vm.new_runtime_error(format!("{text} is bound to a different event loop"))
            }
            Err(raised) => raised,
        }
    }

    /// What is left to do for one who waited in vain, because of an exception that the caller raises.
    pub(super) fn give_up(
        zelf: &Py<Self>,
        side: Side,
        waiter: &PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        vm.call_method(waiter, "cancel", ())?;
        zelf.waiters(side).remove(waiter, vm)?;
        // Woken, but it cannot take the call: the next in line can.
        if !Self::has_to_wait(zelf, side, vm)?
            && !vm.call_method(waiter, "cancelled", ())?.try_to_bool(vm)?
        {
            return Self::wake_next(zelf, side, vm);
        }
        Ok(())
    }

    pub(super) fn own_task_done(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.unfinished.load(Ordering::Relaxed) <= 0 {
            return Err(vm.new_value_error("task_done() called too many times"));
        }
        if self.unfinished.fetch_sub(1, Ordering::Relaxed) > 1 {
            return Ok(());
        }
        self.is_finished.store(true, Ordering::Relaxed);
        match self.finished_event.get() {
            Some(event) => vm.call_method(&event, "set", ()).map(drop),
            None => Ok(()),
        }
    }

    /// The event; from now on it has to be told.
    pub(super) fn finished(&self, vm: &VirtualMachine) -> PyResult {
        if let Some(event) = self.finished_event.get() {
            return Ok(event);
        }
        let event =
            crate::native::import::from_module("asyncio.locks", "Event", vm)?.call((), vm)?;
        if self.is_finished.load(Ordering::Relaxed) {
            vm.call_method(&event, "set", ())?;
        }
        self.finished_event.set(event.clone());
        Ok(event)
    }

    pub(super) fn set_finished(&self, event: PyObjectRef) {
        self.finished_event.set(event);
    }

    fn slots(&self) -> [&Slot; 3] {
        [&self.maxsize, &self.finished_event, &self.event_loop]
    }
}

pub(super) fn shut_down(vm: &VirtualMachine) -> PyBaseExceptionRef {
    static SHUT_DOWN: OnceLock<PyTypeRef> = OnceLock::new();
    queue_error(&SHUT_DOWN, "QueueShutDown", vm)
}

/// An exception of `asyncio.queues`, whose class is looked up once.
fn queue_error(
    class: &'static OnceLock<PyTypeRef>,
    name: &'static str,
    vm: &VirtualMachine,
) -> PyBaseExceptionRef {
    if let Some(class) = class.get() {
        return vm.new_exception_empty(class.clone());
    }
    let found = crate::native::import::from_module("asyncio.queues", name, vm).and_then(|found| {
        found
            .downcast()
            .map_err(|_| vm.new_type_error(format!("asyncio.queues.{name} is not a class")))
    });
    match found {
        Ok(found) => vm.new_exception_empty(class.get_or_init(|| found).clone()),
        Err(raised) => raised,
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Queue {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        for slot in self.slots() {
            slot.visit(visit);
        }
        self.items.traverse(visit);
        self.getters.traverse(visit);
        self.putters.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.slots().into_iter().filter_map(Slot::take));
        self.items.clear(out);
        self.getters.clear(out);
        self.putters.clear(out);
    }
}
