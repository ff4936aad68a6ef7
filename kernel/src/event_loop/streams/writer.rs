//! `StreamWriter`: writes to a transport.

use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyType,
    function::FuncArgs,
    object::{Traverse, TraverseFn},
    pyclass,
    types::Constructor,
};

use super::operation::{StreamOperation, What};
use super::protocol::StreamReaderProtocol;
use super::reader::StreamReader;
use crate::event_loop::slot::Slot;
use crate::event_loop::transport::SocketTransport;

/// The native half of `asyncio.StreamWriter`.
#[pyclass(module = "_everloop", name = "StreamWriter", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub struct StreamWriter {
    transport: Slot,
    protocol: Slot,
    reader: Slot,
}

#[expect(unsafe_code, reason = "the collector has to see what the slots hold")]
// SAFETY: every slot is visited once.
unsafe impl Traverse for StreamWriter {
    fn traverse(&self, visitor: &mut TraverseFn<'_>) {
        for slot in self.slots() {
            slot.visit(visitor);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.slots().into_iter().filter_map(Slot::take));
    }
}

impl StreamWriter {
    fn slots(&self) -> [&Slot; 3] {
        [&self.transport, &self.protocol, &self.reader]
    }

    /// Whether `drain` need not wait. What is not of our classes has to say so itself: then the answer is no.
    pub(super) fn is_drained(&self, vm: &VirtualMachine) -> PyResult<bool> {
        if let Some(reader) = self.reader.get() {
            let Some(reader) = reader.downcast_ref::<StreamReader>() else {
                return Ok(false);
            };
            reader.check_exception(vm)?;
        }
        let transport = self.transport.get_or_none(vm);
        let protocol = self.protocol.get_or_none(vm);
        match (
            transport.downcast_ref::<SocketTransport>(),
            protocol.downcast_ref::<StreamReaderProtocol>(),
        ) {
            // Who is about to be told that the connection is lost has to wait for it.
            (Some(transport), Some(_)) if transport.is_closing() => Ok(false),
            (Some(_), Some(protocol)) => protocol.is_drained(vm),
            _ => Ok(false),
        }
    }
}

impl Constructor for StreamWriter {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl StreamWriter {
    #[pymethod]
    fn write(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let transport = zelf.transport.get_or_none(vm);
        match transport.downcast_ref::<SocketTransport>() {
            Some(transport) => SocketTransport::write_data(transport, data, vm),
            None => vm.call_method(&transport, "write", (data,)).map(drop),
        }
    }

    #[pymethod]
    fn drain(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyRef<StreamOperation> {
        StreamOperation::new(zelf.into(), What::Drain, vm)
    }

    #[pygetset]
    fn _transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.transport.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__transport(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.transport.assign(value, vm);
    }

    #[pygetset]
    fn _protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.protocol.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__protocol(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.protocol.assign(value, vm);
    }

    #[pygetset]
    fn _reader(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.reader.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__reader(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.reader.assign(value, vm);
    }
}
