//! What Python calls, reads and writes of a transport; the underscored names are those that asyncio's own methods know.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    Py, PyObjectRef, PyResult, VirtualMachine,
    builtins::PyType,
    function::{ArgIterable, FuncArgs},
    pyclass,
    types::Constructor,
};

use super::SocketTransport;
use crate::event_loop::readiness::Direction;

impl Constructor for SocketTransport {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::new())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl SocketTransport {
    /// Takes the descriptor and the context that the callbacks run in: the caller's.
    #[pymethod]
    fn _attach(zelf: &Py<Self>, fd: i32, vm: &VirtualMachine) -> PyResult<()> {
        zelf.fd.store(fd, Ordering::Relaxed);
        zelf.context
            .set(crate::event_loop::calls::copy_context(vm)?);
        Ok(())
    }

    #[pymethod]
    fn _start_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::start_reading(zelf, vm)
    }

    #[pymethod]
    fn write(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::write_data(zelf, data, vm)
    }

    #[pymethod]
    fn writelines(zelf: &Py<Self>, list_of_data: ArgIterable, vm: &VirtualMachine) -> PyResult<()> {
        let pieces = list_of_data.iter(vm)?.collect::<PyResult<Vec<_>>>()?;
        Self::write_pieces(zelf, pieces, vm)
    }

    #[pymethod(name = "is_closing")]
    fn py_is_closing(zelf: &Py<Self>) -> bool {
        zelf.is_closing()
    }

    #[pymethod(name = "is_reading")]
    fn py_is_reading(zelf: &Py<Self>) -> bool {
        zelf.is_reading()
    }

    #[pymethod]
    fn pause_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::pause(zelf, vm)
    }

    #[pymethod]
    fn resume_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::resume(zelf, vm)
    }

    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::close_when_sent(zelf, vm)
    }

    #[pymethod]
    fn _force_close(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::close_now(zelf, exc, vm)
    }

    #[pymethod]
    fn get_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.protocol.get_or_none(vm)
    }

    #[pymethod]
    fn set_protocol(zelf: &Py<Self>, protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.assign_protocol(protocol, vm)?;
        zelf.protocol_connected.store(true, Ordering::Relaxed);
        Ok(())
    }

    #[pymethod]
    fn get_write_buffer_size(zelf: &Py<Self>) -> usize {
        zelf.outgoing.lock().size()
    }

    #[pymethod]
    fn _maybe_pause_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::maybe_pause_protocol(zelf, vm)
    }

    /// What debug mode's handles call.
    #[pymethod]
    fn _read_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::read_ready(zelf, vm)
    }

    #[pymethod]
    fn _write_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::write_ready(zelf, vm)
    }

    /// Whether the loop watches the descriptor for reading, for writing.
    #[pymethod]
    fn _is_polling(zelf: &Py<Self>) -> (bool, bool) {
        let Some(event_loop) = zelf.event_loop() else {
            return (false, false);
        };
        let watches = event_loop.watches.lock();
        (
            zelf.is_reading() && watches.is_set(zelf.fd(), Direction::Read),
            watches.is_set(zelf.fd(), Direction::Write),
        )
    }

    #[pygetset]
    fn _sock_fd(zelf: &Py<Self>) -> i32 {
        zelf.fd()
    }

    /// What is not sent yet. A copy: it cannot be added to.
    #[pygetset]
    fn _buffer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let outgoing = zelf.outgoing.lock();
        let pieces = outgoing
            .pieces()
            .map(|piece| vm.ctx.new_bytes(piece.to_vec()).into());
        vm.ctx.new_list(pieces.collect()).into()
    }

    #[pygetset]
    fn _protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.protocol.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__protocol(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if vm.is_none(&value) {
            drop(zelf.protocol.take());
            return Ok(());
        }
        zelf.assign_protocol(value, vm)
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.event_loop.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__loop(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.event_loop.assign(value, vm);
    }

    #[pygetset]
    fn _sock(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.sock.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__sock(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.sock.assign(value, vm);
    }

    #[pygetset]
    fn _server(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.server.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__server(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.server.assign(value, vm);
    }

    #[pygetset]
    fn _extra(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.extra.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__extra(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.extra.assign(value, vm);
    }

    #[pygetset]
    fn _empty_waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.empty_waiter.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__empty_waiter(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.empty_waiter.assign(value, vm);
    }

    #[pygetset]
    fn _protocol_connected(zelf: &Py<Self>) -> bool {
        zelf.protocol_connected.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__protocol_connected(zelf: &Py<Self>, value: bool) {
        zelf.protocol_connected.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _protocol_paused(zelf: &Py<Self>) -> bool {
        zelf.protocol_paused.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__protocol_paused(zelf: &Py<Self>, value: bool) {
        zelf.protocol_paused.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _closing(zelf: &Py<Self>) -> bool {
        zelf.closing.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__closing(zelf: &Py<Self>, value: bool) {
        zelf.closing.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _eof(zelf: &Py<Self>) -> bool {
        zelf.eof.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__eof(zelf: &Py<Self>, value: bool) {
        zelf.eof.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _paused(zelf: &Py<Self>) -> bool {
        zelf.paused.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__paused(zelf: &Py<Self>, value: bool) {
        zelf.paused.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _conn_lost(zelf: &Py<Self>) -> u32 {
        zelf.conn_lost.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__conn_lost(zelf: &Py<Self>, value: u32) {
        zelf.conn_lost.store(value, Ordering::Relaxed);
    }

    #[pygetset]
    fn _high_water(zelf: &Py<Self>) -> usize {
        zelf.high_water.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__high_water(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        // A limit beyond the address space is none.
        let value = value
            .try_int(vm)?
            .as_bigint()
            .try_into()
            .unwrap_or(usize::MAX);
        zelf.high_water.store(value, Ordering::Relaxed);
        Ok(())
    }

    #[pygetset]
    fn _low_water(zelf: &Py<Self>) -> usize {
        zelf.low_water.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__low_water(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        // A limit beyond the address space is none.
        let value = value
            .try_int(vm)?
            .as_bigint()
            .try_into()
            .unwrap_or(usize::MAX);
        zelf.low_water.store(value, Ordering::Relaxed);
        Ok(())
    }
}
