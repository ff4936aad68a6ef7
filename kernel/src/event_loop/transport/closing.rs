//! The end of a connection.

use std::sync::atomic::Ordering;

use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

use super::SocketTransport;
use crate::event_loop::readiness::Direction;

impl SocketTransport {
    /// Ends the connection once everything is sent.
    pub(super) fn close_when_sent(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closing.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        zelf.stop_reading();
        if !zelf.outgoing.lock().is_empty() {
            return Ok(());
        }
        zelf.conn_lost.fetch_add(1, Ordering::Relaxed);
        zelf.unwatch(Direction::Write);
        Self::schedule_connection_lost(zelf, vm.ctx.none(), vm)
    }

    /// Ends the connection and forgets what is not sent.
    pub(super) fn close_now(
        zelf: &Py<Self>,
        reason: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if zelf.is_lost() {
            return Ok(());
        }
        let had_outgoing = {
            let mut outgoing = zelf.outgoing.lock();
            let had_outgoing = !outgoing.is_empty();
            outgoing.clear();
            had_outgoing
        };
        if had_outgoing {
            zelf.unwatch(Direction::Write);
        }
        if !zelf.closing.swap(true, Ordering::Relaxed) {
            zelf.stop_reading();
        }
        zelf.conn_lost.fetch_add(1, Ordering::Relaxed);
        Self::schedule_connection_lost(zelf, reason, vm)
    }

    fn schedule_connection_lost(
        zelf: &Py<Self>,
        reason: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let event_loop = zelf.expect_loop(vm)?;
        let callback = zelf.as_object().get_attr("_call_connection_lost", vm)?;
        vm.call_method(event_loop.as_object(), "call_soon", (callback, reason))
            .map(drop)
    }
}
