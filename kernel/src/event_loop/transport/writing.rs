//! From the program to the socket.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyByteArray, PyBytes, PyMemoryView},
    convert::IntoPyException,
    function::ArgBytesLike,
};

use super::SocketTransport;
use super::outgoing::Piece;
use super::socket::{is_not_ready, send, send_pieces};
use crate::event_loop::readiness::Direction;
use crate::native::import::from_module;

/// After so many writes to a lost connection each more is warned of
/// (`asyncio.constants.LOG_THRESHOLD_FOR_CONNLOST_WRITES`).
const LOG_THRESHOLD: u32 = 5;

const WRITE_ERROR: &str = "Fatal write error on socket transport";

impl SocketTransport {
    /// Sends what the socket takes at once and keeps the rest until it takes more.
    pub(in crate::event_loop) fn write_data(
        zelf: &Py<Self>,
        data: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let bytes = data.downcast_ref::<PyBytes>().is_some();
        if !bytes
            && data.downcast_ref::<PyByteArray>().is_none()
            && data.downcast_ref::<PyMemoryView>().is_none()
        {
            return Err(vm.new_type_error(format!(
                "data argument must be a bytes, bytearray, or memoryview object, not '{}'",
                data.class().name()
            )));
        }
        zelf.check_writable("Cannot call write() after write_eof()", "write", vm)?;
        let piece = match data.downcast::<PyBytes>() {
            Ok(bytes) => Piece::Bytes(bytes),
            Err(data) => copy(data, vm)?,
        };
        if piece.as_ref().is_empty() || zelf.note_lost(vm)? {
            return Ok(());
        }
        if !zelf.outgoing.lock().is_empty() {
            return Self::keep(zelf, piece, 0, vm);
        }
        match send(zelf.fd(), piece.as_ref()) {
            Ok(sent) if sent == piece.as_ref().len() => Ok(()),
            Ok(sent) => Self::keep(zelf, piece, sent, vm),
            Err(error) if is_not_ready(&error) => Self::keep(zelf, piece, 0, vm),
            Err(error) => Self::fatal_error(zelf, error.into_pyexception(vm), WRITE_ERROR, vm),
        }
    }

    /// As `write_data`, of all pieces with one system call.
    pub(super) fn write_pieces(
        zelf: &Py<Self>,
        pieces: Vec<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let message = "Cannot call writelines() after write_eof()";
        zelf.check_writable(message, "writelines", vm)?;
        if pieces.is_empty() || zelf.note_lost(vm)? {
            return Ok(());
        }
        let pieces = pieces
            .into_iter()
            .map(|piece| match piece.downcast::<PyBytes>() {
                Ok(bytes) => Ok(Piece::Bytes(bytes)),
                Err(data) => copy(data, vm),
            })
            .collect::<PyResult<Vec<_>>>()?;
        let watched = {
            let mut outgoing = zelf.outgoing.lock();
            let watched = !outgoing.is_empty();
            for piece in pieces {
                outgoing.push(piece, 0);
            }
            watched
        };
        Self::flush(zelf, watched, vm)?;
        if zelf.outgoing.lock().is_empty() {
            return Ok(());
        }
        if !watched {
            Self::watch(zelf, Direction::Write, vm)?;
        }
        Self::maybe_pause_protocol(zelf, vm)
    }

    /// The socket takes more.
    pub(super) fn write_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::flush(zelf, true, vm)
    }

    fn flush(zelf: &Py<Self>, watched: bool, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_lost() {
            return Ok(());
        }
        let sent = {
            let mut outgoing = zelf.outgoing.lock();
            if outgoing.is_empty() {
                return Ok(());
            }
            send_pieces(zelf.fd(), outgoing.pieces()).inspect(|sent| outgoing.advance(*sent))
        };
        match sent {
            Ok(_) => Self::note_sent(zelf, watched, vm),
            Err(error) if is_not_ready(&error) => Ok(()),
            Err(error) => {
                zelf.unwatch(Direction::Write);
                zelf.outgoing.lock().clear();
                let raised = error.into_pyexception(vm);
                Self::fatal_error(zelf, raised.clone(), WRITE_ERROR, vm)?;
                match zelf.empty_waiter.get() {
                    Some(waiter) => vm
                        .call_method(&waiter, "set_exception", (raised,))
                        .map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    fn note_sent(zelf: &Py<Self>, watched: bool, vm: &VirtualMachine) -> PyResult<()> {
        // The protocol may write more when it is resumed.
        Self::maybe_resume_protocol(zelf, vm)?;
        if !zelf.outgoing.lock().is_empty() {
            return Ok(());
        }
        if watched {
            zelf.unwatch(Direction::Write);
        }
        if let Some(waiter) = zelf.empty_waiter.get() {
            vm.call_method(&waiter, "set_result", (vm.ctx.none(),))?;
        }
        if zelf.is_closing() {
            vm.call_method(zelf.as_object(), "_call_connection_lost", (vm.ctx.none(),))?;
        } else if zelf.eof.load(Ordering::Relaxed)
            && let Some(sock) = zelf.sock.get()
        {
            vm.call_method(&sock, "shutdown", (libc::SHUT_WR,))?;
        }
        Ok(())
    }

    /// Keeps a piece for when the socket takes more; `sent` bytes of it are gone already.
    fn keep(zelf: &Py<Self>, piece: Piece, sent: usize, vm: &VirtualMachine) -> PyResult<()> {
        let first = {
            let mut outgoing = zelf.outgoing.lock();
            let first = outgoing.is_empty();
            outgoing.push(piece, sent);
            first
        };
        if first {
            Self::watch(zelf, Direction::Write, vm)?;
        }
        Self::maybe_pause_protocol(zelf, vm)
    }

    fn check_writable(&self, after_eof: &str, method: &str, vm: &VirtualMachine) -> PyResult<()> {
        if self.eof.load(Ordering::Relaxed) {
            return Err(vm.new_runtime_error(after_eof.to_owned()));
        }
        if self.empty_waiter.is_set() {
            return Err(
                vm.new_runtime_error(format!("unable to {method}; sendfile is in progress"))
            );
        }
        Ok(())
    }

    /// Whether the connection is lost, and so nothing is to be sent; who goes on writing is warned after a while.
    fn note_lost(&self, vm: &VirtualMachine) -> PyResult<bool> {
        let lost = self.conn_lost.load(Ordering::Relaxed);
        if lost == 0 {
            return Ok(false);
        }
        if lost >= LOG_THRESHOLD {
            let logger = from_module("asyncio.log", "logger", vm)?;
            vm.call_method(&logger, "warning", ("socket.send() raised exception.",))?;
        }
        self.conn_lost.store(lost + 1, Ordering::Relaxed);
        Ok(true)
    }

    pub(super) fn maybe_pause_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.outgoing.lock().size() <= zelf.high_water.load(Ordering::Relaxed)
            || zelf.protocol_paused.swap(true, Ordering::Relaxed)
        {
            return Ok(());
        }
        Self::call_flow_control(zelf, "pause_writing", vm)
    }

    pub(super) fn maybe_resume_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.protocol_paused.load(Ordering::Relaxed)
            || zelf.outgoing.lock().size() > zelf.low_water.load(Ordering::Relaxed)
        {
            return Ok(());
        }
        zelf.protocol_paused.store(false, Ordering::Relaxed);
        Self::call_flow_control(zelf, "resume_writing", vm)
    }

    fn call_flow_control(zelf: &Py<Self>, method: &str, vm: &VirtualMachine) -> PyResult<()> {
        let protocol = zelf.protocol.get_or_none(vm);
        match vm.call_method(&protocol, method, ()) {
            Ok(_) => Ok(()),
            Err(raised) if crate::event_loop::handle::ends_the_run(&raised, vm) => Err(raised),
            Err(raised) => {
                let message = format!("protocol.{method}() failed");
                vm.call_method(zelf.as_object(), "_report", (message, raised))
                    .map(drop)
            }
        }
    }
}

fn copy(data: PyObjectRef, vm: &VirtualMachine) -> PyResult<Piece> {
    let data = ArgBytesLike::try_from_object(vm, data)?;
    Ok(Piece::Copy(data.borrow_buf().to_vec()))
}
