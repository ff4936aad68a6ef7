//! From the socket to the protocol.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine,
    convert::IntoPyException, function::ArgMemoryBuffer,
};

use super::SocketTransport;
use super::socket::{is_not_ready, recv, recv_into};
use crate::event_loop::readiness::Direction;
use crate::event_loop::streams::StreamReaderProtocol;
use crate::native::import::from_module;

/// How much is received at once (`_SelectorTransport.max_size`).
const MAX_SIZE: usize = 256 * 1024;

/// How a protocol takes what arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Receiver {
    /// `data_received`
    Data,
    /// `get_buffer` and `buffer_updated`
    Buffer,
    /// A `StreamReaderProtocol` whose `data_received` is its own: the bytes go straight to its reader.
    Stream,
}

impl Receiver {
    fn of(protocol: &PyObject, vm: &VirtualMachine) -> PyResult<Self> {
        if StreamReaderProtocol::is_plain(protocol, vm) {
            return Ok(Self::Stream);
        }
        let buffered = from_module("asyncio", "BufferedProtocol", vm)?;
        if protocol.is_instance(&buffered, vm)? {
            return Ok(Self::Buffer);
        }
        Ok(Self::Data)
    }
}

impl SocketTransport {
    pub(super) fn assign_protocol(
        &self,
        protocol: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let receiver = Receiver::of(&protocol, vm)?;
        self.receiver.store(receiver as u8, Ordering::Relaxed);
        self.protocol.assign(protocol, vm);
        Ok(())
    }

    pub(super) fn start_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.is_reading() || zelf.watched.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        Self::watch(zelf, Direction::Read, vm)
    }

    pub(super) fn stop_reading(&self) {
        if self.watched.swap(false, Ordering::Relaxed) {
            self.unwatch(Direction::Read);
        }
    }

    /// Stops the protocol's data until `resume`.
    pub(in crate::event_loop) fn pause(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_reading() {
            zelf.paused.store(true, Ordering::Relaxed);
            Self::log(zelf, "%r pauses reading", vm)?;
        }
        Ok(())
    }

    pub(in crate::event_loop) fn resume(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_closing() || !zelf.paused.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        Self::start_reading(zelf, vm)?;
        Self::log(zelf, "%r resumes reading", vm)
    }

    /// There is something to read, or the other end has closed the connection.
    pub(super) fn read_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.is_reading() {
            zelf.stop_reading();
            return Ok(());
        }
        if zelf.is_lost() {
            return Ok(());
        }
        let receiver = zelf.receiver.load(Ordering::Relaxed);
        if receiver == Receiver::Buffer as u8 {
            return Self::receive_into_buffer(zelf, vm);
        }
        let Some(data) = Self::receive(zelf, vm)? else {
            return Ok(());
        };
        if data.is_empty() {
            return Self::receive_eof(zelf, vm);
        }
        let Some(protocol) = zelf.protocol.get() else {
            return Ok(());
        };
        let fed = match protocol.downcast_ref::<StreamReaderProtocol>() {
            Some(protocol) if receiver == Receiver::Stream as u8 => protocol.feed(data, vm),
            _ => {
                let data = vm.ctx.new_bytes(data);
                vm.call_method(&protocol, "data_received", (data,))
                    .map(drop)
            }
        };
        match fed {
            Ok(()) => Ok(()),
            Err(raised) => Self::fatal_error(
                zelf,
                raised,
                "Fatal error: protocol.data_received() call failed.",
                vm,
            ),
        }
    }

    /// What has arrived; nothing if that was a false alarm or an error, which is dealt with.
    fn receive(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<Vec<u8>>> {
        let event_loop = zelf.expect_loop(vm)?;
        let received = receive(&mut event_loop.scratch.lock(), zelf.fd());
        match received {
            Ok(data) => Ok(Some(data)),
            Err(error) if is_not_ready(&error) => Ok(None),
            Err(error) => {
                let raised = error.into_pyexception(vm);
                Self::fatal_error(zelf, raised, "Fatal read error on socket transport", vm)?;
                Ok(None)
            }
        }
    }

    fn receive_into_buffer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(protocol) = zelf.protocol.get() else {
            return Ok(());
        };
        let buffer = match get_buffer(&protocol, vm) {
            Ok(buffer) => buffer,
            Err(raised) => {
                let message = "Fatal error: protocol.get_buffer() call failed.";
                return Self::fatal_error(zelf, raised, message, vm);
            }
        };
        let received = buffer.with_ref(|buffer| recv_into(zelf.fd(), buffer));
        drop(buffer);
        let count = match received {
            Ok(0) => return Self::receive_eof(zelf, vm),
            Ok(count) => count,
            Err(error) if is_not_ready(&error) => return Ok(()),
            Err(error) => {
                let raised = error.into_pyexception(vm);
                let message = "Fatal read error on socket transport";
                return Self::fatal_error(zelf, raised, message, vm);
            }
        };
        match vm.call_method(&protocol, "buffer_updated", (count,)) {
            Ok(_) => Ok(()),
            Err(raised) => {
                let message = "Fatal error: protocol.buffer_updated() call failed.";
                Self::fatal_error(zelf, raised, message, vm)
            }
        }
    }

    fn receive_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::log(zelf, "%r received EOF", vm)?;
        let protocol = zelf.protocol.get_or_none(vm);
        let keep_open = vm
            .call_method(&protocol, "eof_received", ())
            .and_then(|answer| answer.try_to_bool(vm));
        match keep_open {
            // The protocol may still write, but there is nothing more to read.
            Ok(true) => {
                zelf.stop_reading();
                Ok(())
            }
            Ok(false) => vm.call_method(zelf.as_object(), "close", ()).map(drop),
            Err(raised) => Self::fatal_error(
                zelf,
                raised,
                "Fatal error: protocol.eof_received() call failed.",
                vm,
            ),
        }
    }
}

fn get_buffer(protocol: &PyObject, vm: &VirtualMachine) -> PyResult<ArgMemoryBuffer> {
    let buffer = vm.call_method(protocol, "get_buffer", (-1,))?;
    if buffer.length(vm)? == 0 {
        return Err(vm.new_runtime_error("get_buffer() returned an empty buffer"));
    }
    ArgMemoryBuffer::try_from_object(vm, buffer)
}

/// Receives into `scratch`, which is large and warm. What fills most of it is given away with it; what does not is
/// copied, so that nobody keeps a large buffer for a small message.
fn receive(scratch: &mut Vec<u8>, fd: std::os::fd::RawFd) -> std::io::Result<Vec<u8>> {
    scratch.clear();
    scratch.reserve_exact(MAX_SIZE);
    let received = recv(fd, scratch)?;
    if received > MAX_SIZE / 2 {
        return Ok(std::mem::take(scratch));
    }
    Ok(scratch.as_slice().to_vec())
}
