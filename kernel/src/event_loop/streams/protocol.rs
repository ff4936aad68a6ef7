//! `StreamReaderProtocol`: hands what arrives to a reader.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{
    Py, PyObject, PyObjectRef, PyPayload, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyType, PyWeak},
    function::{ArgBytesLike, FuncArgs},
    object::{Traverse, TraverseFn},
    pyclass,
    types::Constructor,
};

use super::reader::StreamReader;
use crate::event_loop::own_method::OwnMethod;
use crate::event_loop::slot::Slot;

static DATA_RECEIVED: OwnMethod = OwnMethod::new("data_received");

/// The native half of `asyncio.StreamReaderProtocol`.
#[pyclass(
    module = "_everloop",
    name = "StreamReaderProtocol",
    traverse = "manual"
)]
#[derive(Debug, Default, PyPayload)]
pub struct StreamReaderProtocol {
    /// A weak reference to the reader.
    reader: Slot,
    paused: AtomicBool,
    connection_lost: AtomicBool,
}

#[expect(unsafe_code, reason = "the collector has to see what the slot holds")]
// SAFETY: the slot is visited once.
unsafe impl Traverse for StreamReaderProtocol {
    fn traverse(&self, visitor: &mut TraverseFn<'_>) {
        self.reader.visit(visitor);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.reader.take());
    }
}

impl StreamReaderProtocol {
    /// Whether it is a protocol of this class that takes its data as this class does.
    pub(in crate::event_loop) fn is_plain(protocol: &PyObject, vm: &VirtualMachine) -> bool {
        protocol.downcast_ref::<Self>().is_some()
            && DATA_RECEIVED.is_kept_by::<Self>(protocol.class(), vm)
    }

    fn reader(&self) -> Option<PyObjectRef> {
        self.reader.get()?.downcast_ref::<PyWeak>()?.upgrade()
    }

    /// Gives the reader what has arrived; if there is none any more, nobody wants it.
    pub(in crate::event_loop) fn feed(&self, data: Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(reader) = self.reader() else {
            return Ok(());
        };
        match StreamReader::plain(&reader, vm) {
            Some(reader) => StreamReader::feed(reader, data, vm),
            None => vm
                .call_method(&reader, "feed_data", (vm.ctx.new_bytes(data),))
                .map(drop),
        }
    }

    /// Whether a writer need not wait; that it can write is an error if the connection is lost.
    pub(super) fn is_drained(&self, vm: &VirtualMachine) -> PyResult<bool> {
        if self.connection_lost.load(Ordering::Relaxed) {
            let class = vm.ctx.exceptions.connection_reset_error.to_owned();
            return Err(vm.new_exception_msg(class, "Connection lost".into()));
        }
        Ok(!self.paused.load(Ordering::Relaxed))
    }
}

impl Constructor for StreamReaderProtocol {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl StreamReaderProtocol {
    #[pymethod]
    fn data_received(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let Some(reader) = zelf.reader() else {
            return Ok(());
        };
        if StreamReader::plain(&reader, vm).is_none() {
            return vm.call_method(&reader, "feed_data", (data,)).map(drop);
        }
        let data = ArgBytesLike::try_from_object(vm, data)?;
        zelf.feed(data.borrow_buf().to_vec(), vm)
    }

    #[pygetset]
    fn _stream_reader(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.unwrap_or_none(zelf.reader())
    }

    #[pygetset]
    fn _stream_reader_wr(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.reader.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__stream_reader_wr(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.reader.assign(value, vm);
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
    fn _connection_lost(zelf: &Py<Self>) -> bool {
        zelf.connection_lost.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__connection_lost(zelf: &Py<Self>, value: bool) {
        zelf.connection_lost.store(value, Ordering::Relaxed);
    }
}
