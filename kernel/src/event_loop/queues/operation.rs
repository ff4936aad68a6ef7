//! `QueueOperation`, what `put()` and `get()` of a queue return: awaitable once, as a coroutine.

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    class::StaticType,
    common::lock::PyMutex,
    function::OptionalArg,
    object::{Traverse, TraverseFn},
    protocol::PyIterReturn,
    pyclass,
    types::{Destructor, IterNext, Representable, SelfIter},
};

use super::queue::{Queue, Side, shut_down};
use crate::event_loop::awaitable::{is_done, mark_awaited, result_of, thrown, warn_never_awaited};

#[derive(Debug)]
enum Stage {
    New,
    /// In the line of those who wait, with this future.
    Waiting(PyObjectRef),
    Over,
}

#[derive(Debug)]
struct Progress {
    stage: Stage,
    /// What is to be put.
    item: Option<PyObjectRef>,
}

/// The awaitable.
#[pyclass(module = "_everloop", name = "QueueOperation", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct QueueOperation {
    queue: PyRef<Queue>,
    side: Side,
    progress: PyMutex<Progress>,
}

impl QueueOperation {
    pub(super) fn put(queue: PyRef<Queue>, item: PyObjectRef, vm: &VirtualMachine) -> PyRef<Self> {
        Self::new(queue, Side::Put, Some(item), vm)
    }

    pub(super) fn get(queue: PyRef<Queue>, vm: &VirtualMachine) -> PyRef<Self> {
        Self::new(queue, Side::Get, None, vm)
    }

    fn new(
        queue: PyRef<Queue>,
        side: Side,
        item: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyRef<Self> {
        let progress = PyMutex::new(Progress {
            stage: Stage::New,
            item,
        });
        let operation = Self {
            queue,
            side,
            progress,
        };
        operation.into_ref(&vm.ctx)
    }

    /// Lets those that are over go without a call of their finalizer.
    pub(crate) fn skip_idle_finalizers() {
        Self::static_type()
            .slots
            .del_needed
            .store(Some(|operation: &PyObject| {
                operation
                    .downcast_ref::<Self>()
                    .is_none_or(|operation| !operation.is_over())
            }));
    }

    fn is_over(&self) -> bool {
        matches!(self.progress.lock().stage, Stage::Over)
    }

    fn take_stage(&self) -> Stage {
        std::mem::replace(&mut self.progress.lock().stage, Stage::Over)
    }

    /// Goes on until it has to wait, as `send(None)` of a coroutine.
    fn step(&self, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        match self.take_stage() {
            Stage::New => {}
            Stage::Waiting(waiter) => {
                if let Err(raised) = after_waiting(&waiter, vm) {
                    return Err(self.give_up(&waiter, raised, vm));
                }
            }
            Stage::Over => {
                return Err(vm.new_runtime_error("cannot reuse already awaited coroutine"));
            }
        }
        let queue = &*self.queue;
        if Queue::has_to_wait(queue, self.side, vm)? {
            // `get` looks again, as a subclass may see.
            if queue.is_shutdown() && (self.side == Side::Put || Queue::is_empty(queue, vm)?) {
                return Err(shut_down(vm));
            }
            let waiter = Queue::wait(queue, self.side, vm)?;
            mark_awaited(&waiter, vm)?;
            self.progress.lock().stage = Stage::Waiting(waiter.clone());
            return Ok(PyIterReturn::Return(waiter));
        }
        let item = self.progress.lock().item.take();
        let result = match item {
            Some(item) => Queue::put_now(queue, item, vm)?,
            None => Queue::get_now(queue, vm)?,
        };
        Ok(PyIterReturn::StopIteration(Some(result)))
    }

    /// What to raise after the line was left because of `raised`.
    fn give_up(
        &self,
        waiter: &PyObjectRef,
        raised: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyBaseExceptionRef {
        match Queue::give_up(&self.queue, self.side, waiter, vm) {
            Ok(()) => raised,
            Err(other) => {
                other.set_context(Some(raised));
                other
            }
        }
    }
}

fn after_waiting(waiter: &PyObject, vm: &VirtualMachine) -> PyResult {
    if is_done(waiter, vm)? {
        result_of(waiter, vm)
    } else {
        Err(vm.new_runtime_error("await wasn't used with future"))
    }
}

#[pyclass(with(IterNext, Destructor, Representable))]
impl QueueOperation {
    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        match zelf.step(vm)? {
            PyIterReturn::Return(value) => Ok(value),
            PyIterReturn::StopIteration(value) => Err(vm.new_stop_iteration(value)),
        }
    }

    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        _exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult {
        let raised = thrown(exc_type, exc_val, vm)?;
        match zelf.take_stage() {
            Stage::Waiting(waiter) => Err(zelf.give_up(&waiter, raised, vm)),
            Stage::New | Stage::Over => Err(raised),
        }
    }

    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.take_stage() {
            Stage::Waiting(waiter) => Queue::give_up(&zelf.queue, zelf.side, &waiter, vm),
            Stage::New | Stage::Over => Ok(()),
        }
    }

    #[pygetset]
    fn __name__(zelf: &Py<Self>) -> &'static str {
        match zelf.side {
            Side::Put => "put",
            Side::Get => "get",
        }
    }

    #[pygetset]
    fn __qualname__(zelf: &Py<Self>) -> String {
        // As in asyncio, where subclasses inherit the coroutine.
        format!("Queue.{}", Self::__name__(zelf))
    }

    /// What it awaits, as `cr_await` of a coroutine.
    #[pygetset]
    fn cr_await(zelf: &Py<Self>) -> Option<PyObjectRef> {
        match &zelf.progress.lock().stage {
            Stage::Waiting(waiter) => Some(waiter.clone()),
            Stage::New | Stage::Over => None,
        }
    }
}

impl SelfIter for QueueOperation {}

impl IterNext for QueueOperation {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.step(vm)
    }
}

impl Destructor for QueueOperation {
    /// As a coroutine: it is closed, and one that was never awaited is most likely a mistake.
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.take_stage() {
            Stage::New => warn_never_awaited(&Self::__qualname__(zelf), vm),
            Stage::Waiting(waiter) => Queue::give_up(&zelf.queue, zelf.side, &waiter, vm),
            Stage::Over => Ok(()),
        }
    }
}

impl Representable for QueueOperation {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let (name, id) = (Self::__qualname__(zelf), zelf.as_object().get_id());
        Ok(format!("<coroutine object {name} at {id:#x}>"))
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for QueueOperation {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.queue.traverse(visit);
        self.progress.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let progress = self.progress.get_mut();
        out.extend(progress.item.take());
        if let Stage::Waiting(waiter) = std::mem::replace(&mut progress.stage, Stage::Over) {
            out.push(waiter);
        }
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `QueueOperation`.
unsafe impl Traverse for Progress {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.item.traverse(visit);
        if let Stage::Waiting(waiter) = &self.stage {
            waiter.traverse(visit);
        }
    }
}
