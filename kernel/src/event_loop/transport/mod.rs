//! `SocketTransport`, the native half of the transport of a stream socket (`asyncio.selector_events` has it in Python).
//!
//! What runs for every packet is here. `everloop.transports.SocketTransport` inherits from it and from asyncio's own
//! class, whose cold methods it keeps; they find the attributes that they know.
//!
//! - `methods`: what Python calls, and what asyncio's methods read and write
//! - `reading`, `writing`, `closing`: what happens then
//! - `outgoing`: what has still to be sent; `socket`: the system calls
//!
//! The loop knows a transport that reads by the transport itself, in the place of a handle, and one that waits to
//! write by a `WriteReady`: watching costs no object and no Python. Its callbacks run in the context in which it was
//! made.

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
        if event_loop.debug.load(Ordering::Relaxed) {
            return Self::watch_in_debug_mode(zelf, &event_loop, direction, vm);
        }
        let target = match direction {
            Direction::Read => zelf.as_object().to_owned(),
            Direction::Write => WriteReady {
                transport: zelf.to_owned(),
            }
            .into_ref(&vm.ctx)
            .into(),
        };
        event_loop.watch(zelf.fd(), direction, target, vm).map(drop)
    }

    fn unwatch(&self, direction: Direction, vm: &VirtualMachine) -> PyResult<()> {
        let Some(event_loop) = self.event_loop() else {
            return Ok(());
        };
        if let Some(removed) = event_loop.unwatch(self.fd(), direction)
            && !is_target(&removed)
        {
            vm.call_method(&removed, "cancel", ())?;
        }
        Ok(())
    }

    /// asyncio's own handles, which debug mode times.
    fn watch_in_debug_mode(
        zelf: &Py<Self>,
        event_loop: &Py<LoopCore>,
        direction: Direction,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let (method, callback) = match direction {
            Direction::Read => ("_add_reader", "_read_ready"),
            Direction::Write => ("_add_writer", "_write_ready"),
        };
        let callback = zelf.as_object().get_attr(callback, vm)?;
        vm.call_method(event_loop.as_object(), method, (zelf.fd(), callback))
            .map(drop)
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

    /// Calls what the loop's exception handler wants to know of, unless it ends the loop's run.
    fn run_callback(
        zelf: &Py<Self>,
        callback: fn(&Py<Self>, &VirtualMachine) -> PyResult<()>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let Some(event_loop) = zelf.event_loop.get() else {
            return Ok(());
        };
        let context = zelf.context.get_or_none(vm);
        // As `Handle::call`: a nested turn may be inside of this context already.
        vm.context_stack.borrow_mut().push(context);
        let result = callback(zelf, vm);
        vm.context_stack.borrow_mut().pop();
        match result {
            Err(raised) if !ends_the_run(&raised, vm) => {
                let context = vm.ctx.new_dict();
                context.set_item(
                    "message",
                    vm.ctx.new_str("Exception in a transport").into(),
                    vm,
                )?;
                context.set_item("exception", raised.into(), vm)?;
                context.set_item("transport", zelf.as_object().to_owned(), vm)?;
                vm.call_method(&event_loop, "call_exception_handler", (context,))
                    .map(drop)
            }
            result => result,
        }
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

/// What the loop runs when a transport that has something to send may send.
#[pyclass(module = "_everloop", name = "WriteReady")]
#[derive(Debug, PyPayload)]
pub struct WriteReady {
    transport: PyRef<SocketTransport>,
}

#[pyclass]
impl WriteReady {}

fn is_target(object: &PyObjectRef) -> bool {
    object.downcast_ref::<SocketTransport>().is_some()
        || object.downcast_ref::<WriteReady>().is_some()
}

/// Runs an entry of the ready queue if it is a transport's; None if it is not.
pub(super) fn run_ready(entry: &PyObjectRef, vm: &VirtualMachine) -> Option<PyResult<()>> {
    if let Some(transport) = entry.downcast_ref::<SocketTransport>() {
        let callback = SocketTransport::read_ready;
        return Some(SocketTransport::run_callback(transport, callback, vm));
    }
    let transport = &entry.downcast_ref::<WriteReady>()?.transport;
    let callback = SocketTransport::write_ready;
    Some(SocketTransport::run_callback(transport, callback, vm))
}
