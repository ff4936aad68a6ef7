//! `Cell`: an execute_request, what its outputs carry as parent, and the place for its reply.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::ErrorContent;
use everloop_protocol::content::execute::{ExecuteReply, ExecuteRequest};
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine,
    builtins::PyBaseExceptionRef,
    common::lock::PyMutex,
    function::{FuncArgs, IntoFuncArgs},
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};

use super::door::Door;
use super::kick::ThreadInterrupts;
use super::panics::caught;
use super::{forks, interrupts, json, origin};
use crate::asyncio;
use crate::fatal;
use crate::garbage;
use crate::interpreter::{CellOutcome, Ending, Exit, failed};
use crate::outbox::Outbox;

static LAST_GENERATION: AtomicU64 = AtomicU64::new(0);

/// Where a cell is, for an interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its code has not begun.
    Waiting,
    /// Its code is on the stack, perhaps below that of another cell.
    Stepping,
    /// Its code awaits.
    Suspended,
}

/// The `number` of a cell that is not counted yet.
const NOT_COUNTED: i64 = -1;

#[pyclass(module = "_everloop", name = "Cell")]
#[derive(Debug, PyPayload)]
pub struct Cell {
    /// Distinguishes this cell from every other of the process; never 0.
    generation: u64,
    request: ExecuteRequest,
    parent: ParentHeader,
    identities: Vec<Bytes>,
    metadata: serde_json::Map<String, serde_json::Value>,
    is_concurrent: bool,
    number: AtomicI64,
    /// Of the thread that its code runs on, if it has one of its own.
    thread: PyMutex<Option<PyRef<ThreadInterrupts>>>,
    /// Gone when the request is answered.
    ending: Mutex<Option<Ending>>,
    task: PyMutex<Option<PyObjectRef>>,
    progress: Mutex<Progress>,
    /// Since when an interrupt waits for the cell's code to go on.
    interrupt_waits: Mutex<Option<Instant>>,
    was_cancelled: AtomicBool,
    /// Since when a cancellation does.
    cancellation_waits: Mutex<Option<Instant>>,
}

impl Cell {
    pub(crate) fn new(cell: crate::interpreter::Cell, ending: Ending) -> Self {
        Self {
            generation: LAST_GENERATION.fetch_add(1, Ordering::Relaxed) + 1,
            request: cell.request,
            parent: cell.parent,
            identities: cell.identities,
            metadata: cell.metadata,
            is_concurrent: cell.is_concurrent,
            number: AtomicI64::new(NOT_COUNTED),
            thread: PyMutex::new(None),
            ending: Mutex::new(Some(ending)),
            task: PyMutex::new(None),
            progress: Mutex::new(Progress::Waiting),
            interrupt_waits: Mutex::default(),
            was_cancelled: AtomicBool::new(false),
            cancellation_waits: Mutex::default(),
        }
    }

    /// The request as a message: a dict with the parts of the specification.
    pub fn to_message(&self, vm: &VirtualMachine) -> PyResult {
        let content = serde_json::to_value(&self.request)
            .map_err(|error| vm.new_value_error(error.to_string()))?;
        origin::message(&self.parent, &self.metadata, &content, vm)
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn request(&self) -> &ExecuteRequest {
        &self.request
    }

    pub fn parent(&self) -> &ParentHeader {
        &self.parent
    }

    pub fn identities(&self) -> &[Bytes] {
        &self.identities
    }

    /// What it was counted as; 0 before.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.number.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Publishes an error and answers the request with it, without Python.
    pub(crate) fn bury(&self, outbox: &Outbox, error: ErrorContent) {
        let Some(ending) = locked(&self.ending).take() else {
            return;
        };
        outbox.publish(&self.parent, "error", &error);
        ending.tell(CellOutcome {
            reply: failed(error, self.count()),
            exit: None,
        });
    }

    /// Answers the request with what the shell failed with.
    pub(crate) fn fail(&self, raised: &PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<()> {
        let mut text = String::new();
        // Writing to a String cannot fail, and a broken traceback is still a traceback.
        let _ = vm.write_exception(&mut text, raised);
        tracing::error!("the shell failed at In [{}]: {text}", self.count());
        self.bury(&Door::of(vm)?.outbox, shell_failed(&text));
        Ok(())
    }

    /// It runs no more, and an interrupt means another.
    fn end(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        fatal::look_after_descriptors();
        Door::of(vm)?.cell_ends(zelf.generation);
        let task = zelf.task.lock().take();
        drop(task);
        Ok(())
    }

    /// Where it is; only what is on the stack twice keeps on stepping when a step ends.
    pub(super) fn progress(&self) -> Progress {
        *locked(&self.progress)
    }

    fn set_progress(&self, progress: Progress) {
        *locked(&self.progress) = progress;
    }

    /// Lets the next step of the cell's code raise `KeyboardInterrupt` instead, or what runs of it when the code of
    /// another cell, inside of which it waits, has ended its step. Returns for how long another one has waited.
    pub(super) fn interrupt_later(&self) -> Option<Duration> {
        waits_since(&self.interrupt_waits)
    }

    /// Whether an interrupt waits.
    pub(super) fn has_interrupt(&self) -> bool {
        locked(&self.interrupt_waits).is_some()
    }

    /// Whether an interrupt was waiting, which the caller has to raise now.
    pub(super) fn take_interrupt(&self) -> bool {
        locked(&self.interrupt_waits).take().is_some()
    }

    /// Cancels the cell's task, which awaits. Returns for how long another cancellation has waited, in which case there
    /// is nothing to do.
    pub(super) fn cancel(&self, vm: &VirtualMachine) -> PyResult<Option<Duration>> {
        let task = self.task.lock().clone();
        let Some(task) = task else {
            return Ok(None);
        };
        if let Some(waits) = waits_since(&self.cancellation_waits) {
            return Ok(Some(waits));
        }
        self.was_cancelled.store(true, Ordering::Relaxed);
        vm.call_method(&task, "cancel", ())?;
        Ok(None)
    }

    /// Interrupts what the cell runs on a thread of its own; false if there is no such thing now.
    pub(super) fn interrupt_thread(&self) -> bool {
        let thread = self.thread.lock().clone();
        thread.is_some_and(|thread| ThreadInterrupts::interrupt(&thread))
    }

    /// Whether this is the task that runs the cell.
    pub(super) fn is_run_by(&self, task: &PyObject) -> bool {
        self.task.lock().as_ref().is_some_and(|own| own.is(task))
    }
}

#[pyclass(flags(HAS_WEAKREF))]
impl Cell {
    #[pygetset]
    fn code(zelf: &Py<Self>) -> String {
        zelf.request.code.clone()
    }

    #[pygetset]
    fn silent(zelf: &Py<Self>) -> bool {
        zelf.request.silent
    }

    #[pygetset]
    fn store_history(zelf: &Py<Self>) -> bool {
        zelf.request.store_history
    }

    /// Whether it may run beside others.
    #[pygetset]
    fn concurrent(zelf: &Py<Self>) -> bool {
        zelf.is_concurrent
    }

    /// What the first line says for the kernel: `concurrent`, `thread` or None.
    #[pygetset]
    fn directive(zelf: &Py<Self>) -> Option<&'static str> {
        crate::cell::directive(&zelf.request.code).map(|(directive, _)| directive.name())
    }

    /// What it was counted as; None before.
    #[pygetset]
    fn number(zelf: &Py<Self>) -> Option<i64> {
        Some(zelf.number.load(Ordering::Relaxed)).filter(|&number| number != NOT_COUNTED)
    }

    #[pygetset(setter)]
    fn set_number(zelf: &Py<Self>, number: i64) {
        zelf.number.store(number, Ordering::Relaxed);
    }

    /// What interrupts the thread that its code runs on from now on; None for the interpreter thread.
    #[pymethod]
    fn set_thread(zelf: &Py<Self>, thread: Option<PyRef<ThreadInterrupts>>) {
        let before = std::mem::replace(&mut *zelf.thread.lock(), thread);
        drop(before);
    }

    /// That of the request.
    #[pygetset]
    fn metadata(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        json::to_python(&serde_json::Value::Object(zelf.metadata.clone()), vm)
    }

    /// Name to expression.
    #[pygetset]
    fn user_expressions(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let expressions = vm.ctx.new_dict();
        for (name, expression) in &zelf.request.user_expressions {
            let text = expression
                .as_str()
                .map_or_else(|| expression.to_string(), str::to_owned);
            expressions.set_item(name.as_str(), vm.ctx.new_str(text).into(), vm)?;
        }
        Ok(expressions.into())
    }

    /// Makes this the cell that runs; `task` is the asyncio task that runs it.
    #[pymethod]
    fn begin(zelf: PyRef<Self>, task: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        *zelf.task.lock() = Some(task);
        Door::of(vm)?.cell_begins(&zelf);
        Ok(())
    }

    /// Answers the request. `exit` is None, or whether the kernel goes on when the front end exits.
    #[pymethod]
    fn finish(
        zelf: &Py<Self>,
        reply: PyObjectRef,
        exit: Option<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let reply = json::from_python(&reply, vm)?;
        let reply: ExecuteReply = serde_json::from_value(reply)
            .map_err(|error| vm.new_value_error(format!("not an execute_reply: {error}")))?;
        Self::end(zelf, vm)?;
        // The cell may have changed the thresholds.
        garbage::begin(vm);
        let ending = locked(&zelf.ending).take();
        if let Some(ending) = ending {
            ending.tell(CellOutcome {
                reply,
                exit: exit.map(|keep_kernel| Exit { keep_kernel }),
            });
        }
        garbage::give_back_if_much();
        Ok(())
    }

    /// For a task that ended without [`Cell::finish`], since code of the user has broken what the shell is built on: the
    /// request gets an answer all the same, which says so.
    #[pymethod]
    fn abandon(zelf: &Py<Self>, task: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if locked(&zelf.ending).is_none() {
            return Ok(());
        }
        let raised = vm
            .call_method(&task, "exception", ())
            .and_then(|raised| PyBaseExceptionRef::try_from_object(vm, raised))
            .unwrap_or_else(|raised| raised);
        zelf.fail(&raised, vm)?;
        Self::end(zelf, vm)
    }

    /// Interrupts the cell, as an `interrupt_request` does.
    #[pymethod]
    fn interrupt(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<()> {
        interrupts::interrupt(&zelf, vm)
    }

    /// What ended the cell: a cancellation that was an interrupt is shown as one, with the place where it awaited.
    #[pymethod]
    fn interrupt_of(
        zelf: &Py<Self>,
        raised: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyBaseExceptionRef> {
        if !zelf.was_cancelled.load(Ordering::Relaxed)
            || &*raised.class().name() != "CancelledError"
        {
            return Ok(raised);
        }
        let interrupt = vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned());
        interrupt.set_traceback(raised.__traceback__());
        Ok(interrupt)
    }
}

/// Steps the coroutine that runs a cell's code. While a step is on the stack an interrupt raises in it; no bytecode of
/// ours runs between the user's code and the change of state, so that an interrupt cannot hit the shell itself.
#[pyclass(module = "_everloop", name = "Interruptible")]
#[derive(Debug, PyPayload)]
pub struct Interruptible {
    cell: PyRef<Cell>,
    coroutine: PyObjectRef,
}

impl Interruptible {
    fn step(
        &self,
        step: impl FnOnce() -> PyResult<PyIterReturn>,
        vm: &VirtualMachine,
    ) -> PyResult<PyIterReturn> {
        let door = Door::of(vm)?;
        let outer = self.cell.progress();
        door.step_begins(&self.cell);
        self.cell.set_progress(Progress::Stepping);
        *locked(&self.cell.cancellation_waits) = None;
        let result = if self.cell.take_interrupt() {
            let interrupt = vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned());
            self.throw_into((interrupt,), vm)
        } else {
            step()
        };
        forks::end_child(&result, vm);
        self.cell.set_progress(if outer == Progress::Stepping {
            outer
        } else {
            Progress::Suspended
        });
        if let Some(outer) = door.step_ends() {
            interrupts::go_on(outer, door);
        }
        result
    }

    fn throw_into(&self, args: impl IntoFuncArgs, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        caught(vm, || {
            PyIterReturn::from_pyresult(vm.call_method(&self.coroutine, "throw", args), vm)
        })
    }
}

impl rustpython_vm::types::Constructor for Interruptible {
    type Args = (PyRef<Cell>, PyObjectRef);

    fn py_new(
        _class: &Py<rustpython_vm::builtins::PyType>,
        (cell, coroutine): Self::Args,
        _vm: &VirtualMachine,
    ) -> PyResult<Self> {
        Ok(Self { cell, coroutine })
    }
}

#[pyclass(with(Iterable, IterNext, rustpython_vm::types::Constructor))]
impl Interruptible {
    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn send(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.step(|| asyncio::send(&zelf.coroutine, value, vm), vm)
    }

    #[pymethod]
    fn throw(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.step(|| zelf.throw_into(args, vm), vm)
    }

    /// The coroutine that it steps, for who shows where it awaits.
    #[pygetset]
    fn cr_await(zelf: &Py<Self>) -> PyObjectRef {
        zelf.coroutine.clone()
    }

    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(&zelf.coroutine, "close", ())
    }
}

impl SelfIter for Interruptible {}

impl IterNext for Interruptible {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::send(zelf, vm.ctx.none(), vm)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the beginning of a waiting to now, unless there is one: then how long ago that is.
fn waits_since(beginning: &Mutex<Option<Instant>>) -> Option<Duration> {
    let mut beginning = locked(beginning);
    let waits = beginning.map(|since| since.elapsed());
    beginning.get_or_insert_with(Instant::now);
    waits
}

/// The error of a cell that the shell could not run to its end; `text` is the traceback of what it failed with.
fn shell_failed(text: &str) -> ErrorContent {
    let reason = text.lines().last().unwrap_or_default();
    let evalue = format!("the kernel could not run this cell to its end: {reason}");
    let mut traceback: Vec<_> = text.lines().map(str::to_owned).collect();
    traceback.push(format!("InternalError: {evalue}"));
    ErrorContent {
        ename: "InternalError".to_owned(),
        evalue,
        traceback,
    }
}
