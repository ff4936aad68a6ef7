//! `StreamReader`: what has arrived on a stream, and who waits for more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    common::lock::PyMutex,
    object::{Traverse, TraverseFn},
    pyclass,
};

use super::incoming::Buffer;
use super::search::{Search, find};
use crate::asyncio::Future;
use crate::event_loop::awaitable::exception_of;
use crate::event_loop::core::LoopCore;
use crate::event_loop::own_method::OwnMethod;
use crate::event_loop::slot::Slot;
use crate::event_loop::transport::SocketTransport;
use crate::native::import::from_module;

static FEED_DATA: OwnMethod = OwnMethod::new("feed_data");

/// The native half of `asyncio.StreamReader`.
#[pyclass(module = "_everloop", name = "StreamReader", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub struct StreamReader {
    pub(super) event_loop: Slot,
    pub(super) waiter: Slot,
    pub(super) exception: Slot,
    pub(super) transport: Slot,
    pub(super) buffer: PyMutex<Buffer>,
    pub(super) limit: AtomicUsize,
    pub(super) eof: AtomicBool,
    pub(super) paused: AtomicBool,
}

#[expect(unsafe_code, reason = "the collector has to see what the slots hold")]
// SAFETY: every slot is visited once.
unsafe impl Traverse for StreamReader {
    fn traverse(&self, visitor: &mut TraverseFn<'_>) {
        for slot in self.slots() {
            slot.visit(visitor);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.slots().into_iter().filter_map(Slot::take));
    }
}

/// What reading found: enough, or that it has to wait.
pub(super) enum Found {
    Data(Vec<u8>),
    Nothing,
}

impl StreamReader {
    fn slots(&self) -> [&Slot; 4] {
        [
            &self.event_loop,
            &self.waiter,
            &self.exception,
            &self.transport,
        ]
    }

    /// The reader, if it takes its data itself: a subclass may have a `feed_data` of its own.
    pub(super) fn plain<'a>(reader: &'a PyObject, vm: &VirtualMachine) -> Option<&'a Py<Self>> {
        let reader = reader.downcast_ref::<Self>()?;
        FEED_DATA
            .is_kept_by::<Self>(reader.class(), vm)
            .then_some(reader)
    }

    pub(super) fn feed(zelf: &Py<Self>, data: Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.eof.load(Ordering::Relaxed) {
            return Err(vm.new_exception_msg(
                vm.ctx.exceptions.assertion_error.to_owned(),
                "feed_data after feed_eof".into(),
            ));
        }
        if data.is_empty() {
            return Ok(());
        }
        let length = {
            let mut buffer = zelf.buffer.lock();
            buffer.append(data, vm)?;
            buffer.len()
        };
        zelf.wake_waiter(vm)?;
        if length > double(zelf.limit.load(Ordering::Relaxed)) {
            zelf.pause_transport(vm)?;
        }
        Ok(())
    }

    /// Lets the read that waits look again.
    pub(super) fn wake_waiter(&self, vm: &VirtualMachine) -> PyResult<()> {
        let Some(waiter) = self.waiter.take() else {
            return Ok(());
        };
        if let Some(future) = Future::exact(&waiter) {
            return Future::wake(future, vm);
        }
        if !vm.call_method(&waiter, "cancelled", ())?.try_to_bool(vm)? {
            vm.call_method(&waiter, "set_result", (vm.ctx.none(),))?;
        }
        Ok(())
    }

    fn pause_transport(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.paused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(transport) = self.transport.get() else {
            return Ok(());
        };
        if let Some(transport) = transport.downcast_ref::<SocketTransport>() {
            self.paused.store(true, Ordering::Relaxed);
            return SocketTransport::pause(transport, vm);
        }
        let not_implemented = vm.ctx.exceptions.not_implemented_error;
        match vm.call_method(&transport, "pause_reading", ()) {
            Ok(_) => self.paused.store(true, Ordering::Relaxed),
            // It cannot be paused: everything is buffered, and it is not asked again.
            Err(raised) if raised.fast_isinstance(not_implemented) => drop(self.transport.take()),
            Err(raised) => return Err(raised),
        }
        Ok(())
    }

    pub(super) fn maybe_resume_transport(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.paused.load(Ordering::Relaxed)
            && self.buffer.lock().len() <= self.limit.load(Ordering::Relaxed)
        {
            return self.resume_transport(vm);
        }
        Ok(())
    }

    fn resume_transport(&self, vm: &VirtualMachine) -> PyResult<()> {
        self.paused.store(false, Ordering::Relaxed);
        let transport = self.transport.get_or_none(vm);
        match transport.downcast_ref::<SocketTransport>() {
            Some(transport) => SocketTransport::resume(transport, vm),
            None => vm.call_method(&transport, "resume_reading", ()).map(drop),
        }
    }

    /// A future that is done when more data or the end of the stream has arrived.
    pub(super) fn wait_for_data(&self, method: &str, vm: &VirtualMachine) -> PyResult {
        if self.waiter.is_set() {
            return Err(vm.new_runtime_error(format!(
                "{method}() called while another coroutine is already waiting for incoming data"
            )));
        }
        // Waiting while paused would be for ever.
        if self.paused.load(Ordering::Relaxed) {
            self.resume_transport(vm)?;
        }
        let event_loop = self.event_loop.get_or_none(vm);
        let waiter = LoopCore::future_of(&event_loop, vm)?;
        self.waiter.set(waiter.clone());
        Ok(waiter)
    }

    /// # Errors
    /// What ended the stream, if that was an error.
    pub(super) fn check_exception(&self, vm: &VirtualMachine) -> PyResult<()> {
        match self.exception.get() {
            Some(exception) => Err(exception_of(exception, vm)),
            None => Ok(()),
        }
    }

    pub(super) fn read_some(&self, count: usize, vm: &VirtualMachine) -> PyResult<Found> {
        if self.buffer.lock().is_empty() && !self.eof.load(Ordering::Relaxed) {
            return Ok(Found::Nothing);
        }
        self.take(count, vm).map(Found::Data)
    }

    pub(super) fn read_exactly(&self, count: usize, vm: &VirtualMachine) -> PyResult<Found> {
        if self.buffer.lock().len() >= count {
            return self.take(count, vm).map(Found::Data);
        }
        if self.eof.load(Ordering::Relaxed) {
            let partial = self.buffer.lock().take(usize::MAX, vm)?;
            return Err(incomplete_read(partial, Some(count), vm));
        }
        Ok(Found::Nothing)
    }

    pub(super) fn read_until(
        &self,
        separator: &[u8],
        offset: &mut usize,
        vm: &VirtualMachine,
    ) -> PyResult<Found> {
        match self.search(separator, *offset) {
            Search::Found(length) => return self.take(length, vm).map(Found::Data),
            Search::TooLong(start) => return Err(limit_overrun(FOUND_TOO_LATE, start, vm)),
            Search::Overrun(consumed) => return Err(limit_overrun(NOT_FOUND, consumed, vm)),
            Search::Missing(next) => *offset = next,
        }
        if self.eof.load(Ordering::Relaxed) {
            let partial = self.buffer.lock().take(usize::MAX, vm)?;
            return Err(incomplete_read(partial, None, vm));
        }
        Ok(Found::Nothing)
    }

    /// As `read_until` the end of the line; what is too long for a line is dropped, and the end of the stream ends a
    /// line too.
    pub(super) fn read_line(&self, offset: &mut usize, vm: &VirtualMachine) -> PyResult<Found> {
        let (message, dropped) = match self.search(b"\n", *offset) {
            Search::Found(length) => return self.take(length, vm).map(Found::Data),
            Search::TooLong(start) => (FOUND_TOO_LATE, start + 1),
            Search::Overrun(_) => (NOT_FOUND, usize::MAX),
            Search::Missing(next) => {
                *offset = next;
                if self.eof.load(Ordering::Relaxed) {
                    let partial = self.buffer.lock().take(usize::MAX, vm)?;
                    return Ok(Found::Data(partial));
                }
                return Ok(Found::Nothing);
            }
        };
        self.take(dropped, vm)?;
        Err(vm.new_value_error(message))
    }

    fn search(&self, separator: &[u8], offset: usize) -> Search {
        let limit = self.limit.load(Ordering::Relaxed);
        self.buffer
            .lock()
            .with(|bytes| find(bytes, separator, offset, limit))
    }

    fn take(&self, count: usize, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let taken = self.buffer.lock().take(count, vm)?;
        self.maybe_resume_transport(vm)?;
        Ok(taken)
    }
}

const FOUND_TOO_LATE: &str = "Separator is found, but chunk is longer than limit";
const NOT_FOUND: &str = "Separator is not found, and chunk exceed the limit";

fn double(limit: usize) -> usize {
    limit.saturating_mul(2)
}

fn incomplete_read(
    partial: Vec<u8>,
    expected: Option<usize>,
    vm: &VirtualMachine,
) -> PyBaseExceptionRef {
    let expected = expected.map_or_else(|| vm.ctx.none(), |count| vm.ctx.new_int(count).into());
    let args = vec![vm.ctx.new_bytes(partial).into(), expected];
    asyncio_error("IncompleteReadError", args, vm)
}

fn limit_overrun(message: &str, consumed: usize, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let args = vec![
        vm.ctx.new_str(message).into(),
        vm.ctx.new_int(consumed).into(),
    ];
    asyncio_error("LimitOverrunError", args, vm)
}

fn asyncio_error(name: &str, args: Vec<PyObjectRef>, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let error = from_module("asyncio", name, vm).and_then(|class| class.call(args, vm));
    match error {
        Ok(error) => exception_of(error, vm),
        Err(raised) => raised,
    }
}
