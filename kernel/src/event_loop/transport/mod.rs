//! `SocketTransport`, the native half of the transport of a stream socket (`asyncio.selector_events` has it in Python).
//!
//! What runs for every packet is here. `everloop.transports.SocketTransport` inherits from it and from asyncio's own
//! class, whose cold methods it keeps; they find the attributes that they know.
//!
//! - `methods`: what Python calls, and what asyncio's methods read and write
//! - `reading`, `writing`, `closing`: what happens then
//! - `outgoing`: what has still to be sent; `socket`: the system calls
//!
//! The loop watches a transport itself, without a handle: watching costs no object and no Python. The callbacks run in
//! the context in which the transport was made.

mod closing;
mod methods;
mod outgoing;
mod reading;
mod socket;
mod writing;

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBaseExceptionRef,
    common::lock::PyMutex,
    object::{Traverse, TraverseFn},
    pyclass,
};

use self::outgoing::Outgoing;
use self::reading::Receiver;
use super::core::LoopCore;
use super::handle::ends_the_run;
use super::readiness::Direction;
use super::ready::Ready;
use super::slot::Slot;

/// A connected stream socket and the protocol that it feeds.
#[pyclass(module = "_everloop", name = "SocketTransport", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct SocketTransport {
    event_loop: Slot,
    protocol: Slot,
    sock: Slot,
    server: Slot,
    extra: Slot,
    empty_waiter: Slot,
    context: Slot,
    fd: AtomicI32,
    receiver: AtomicU8,
    outgoing: PyMutex<Outgoing>,
    high_water: AtomicUsize,
    low_water: AtomicUsize,
    /// Not 0 once `connection_lost` is scheduled; then it counts the writes since.
    conn_lost: AtomicU32,
    protocol_connected: AtomicBool,
    protocol_paused: AtomicBool,
    closing: AtomicBool,
    eof: AtomicBool,
    paused: AtomicBool,
    /// Whether the loop watches the descriptor for reading. A paused transport is watched until there is something to
    /// read: a pause that ends soon then costs nothing.
    watched: AtomicBool,
}

#[expect(unsafe_code, reason = "the collector has to see what the slots hold")]
// SAFETY: every slot is visited once.
unsafe impl Traverse for SocketTransport {
    fn traverse(&self, visitor: &mut TraverseFn<'_>) {
        for slot in self.slots() {
            slot.visit(visitor);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.slots().into_iter().filter_map(Slot::take));
    }
}

impl SocketTransport {
    pub(super) fn new() -> Self {
        Self {
            event_loop: Slot::default(),
            protocol: Slot::default(),
            sock: Slot::default(),
            server: Slot::default(),
            extra: Slot::default(),
            empty_waiter: Slot::default(),
            context: Slot::default(),
            fd: AtomicI32::new(-1),
            receiver: AtomicU8::new(Receiver::Data as u8),
            outgoing: PyMutex::default(),
            high_water: AtomicUsize::new(0),
            low_water: AtomicUsize::new(0),
            conn_lost: AtomicU32::new(0),
            protocol_connected: AtomicBool::new(false),
            protocol_paused: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            eof: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            watched: AtomicBool::new(false),
        }
    }

    fn slots(&self) -> [&Slot; 7] {
        [
            &self.event_loop,
            &self.protocol,
            &self.sock,
            &self.server,
            &self.extra,
            &self.empty_waiter,
            &self.context,
        ]
    }

    fn fd(&self) -> RawFd {
        self.fd.load(Ordering::Relaxed)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn is_lost(&self) -> bool {
        self.conn_lost.load(Ordering::Relaxed) != 0
    }

    fn is_reading(&self) -> bool {
        !self.is_closing() && !self.paused.load(Ordering::Relaxed)
    }

    /// The loop, which a transport has until its connection is lost.
    fn event_loop(&self) -> Option<PyRef<LoopCore>> {
        self.event_loop.get()?.downcast().ok()
    }

    fn expect_loop(&self, vm: &VirtualMachine) -> PyResult<PyRef<LoopCore>> {
        self.event_loop()
            .ok_or_else(|| vm.new_runtime_error("the transport has no loop"))
    }

    /// Lets the loop call `read_ready` or `write_ready` while the descriptor is ready.
    fn watch(zelf: &Py<Self>, direction: Direction, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.expect_loop(vm)?;
        event_loop.check_closed(vm)?;
        let target = match direction {
            Direction::Read => Ready::Read(zelf.to_owned()),
            Direction::Write => Ready::Write(zelf.to_owned()),
        };
        event_loop.watch(zelf.fd(), direction, target, vm).map(drop)
    }

    fn unwatch(&self, direction: Direction) {
        if let Some(event_loop) = self.event_loop() {
            drop(event_loop.unwatch(self.fd(), direction));
        }
    }

    /// Says in debug mode what happens; `%r` is the transport.
    fn log(zelf: &Py<Self>, message: &str, vm: &VirtualMachine) -> PyResult<()> {
        let debug = zelf
            .event_loop()
            .is_some_and(|event_loop| event_loop.debug.load(Ordering::Relaxed));
        if debug {
            vm.call_method(zelf.as_object(), "_log", (message,))?;
        }
        Ok(())
    }

    /// What the callbacks run in.
    pub(super) fn context(&self) -> Option<PyObjectRef> {
        self.context.get()
    }

    /// The method as a callback, for handles.
    pub(super) fn callback(
        zelf: &Py<Self>,
        method: &'static str,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        let callback = zelf.as_object().get_attr(method, vm);
        callback.unwrap_or_else(|_| vm.ctx.none())
    }

    pub(super) fn read_in_context(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.in_context(vm, || Self::read_ready(zelf, vm))
    }

    pub(super) fn write_in_context(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.in_context(vm, || Self::write_ready(zelf, vm))
    }

    fn in_context<T>(&self, vm: &VirtualMachine, callback: impl FnOnce() -> T) -> T {
        let context = self.context.get_or_none(vm);
        // As `Handle::call`: a nested turn may be inside of this context already.
        vm.context_stack.borrow_mut().push(context);
        let result = callback();
        let left = vm.context_stack.borrow_mut().pop();
        drop(left);
        result
    }

    fn fatal_error(
        zelf: &Py<Self>,
        raised: PyBaseExceptionRef,
        message: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if ends_the_run(&raised, vm) {
            return Err(raised);
        }
        vm.call_method(zelf.as_object(), "_fatal_error", (raised, message))
            .map(drop)
    }
}
