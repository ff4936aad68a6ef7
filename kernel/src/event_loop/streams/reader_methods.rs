//! What Python calls, reads and writes of a `StreamReader`; the underscored names are those that asyncio knows.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    Py, PyObjectRef, PyRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyByteArray, PyBytes, PyType},
    function::{ArgBytesLike, FuncArgs, OptionalArg},
    pyclass,
    types::Constructor,
};

use super::incoming::Buffer;
use super::operation::{StreamOperation, What};
use super::reader::StreamReader;

impl Constructor for StreamReader {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[derive(rustpython_vm::FromArgs)]
struct ReadArgs {
    #[pyarg(any, default = -1)]
    n: isize,
}

#[derive(rustpython_vm::FromArgs)]
struct ReadExactlyArgs {
    #[pyarg(any)]
    n: isize,
}

#[derive(rustpython_vm::FromArgs)]
struct ReadUntilArgs {
    #[pyarg(any, optional)]
    separator: OptionalArg<PyObjectRef>,
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl StreamReader {
    #[pymethod]
    fn read(zelf: PyRef<Self>, args: ReadArgs, vm: &VirtualMachine) -> PyRef<StreamOperation> {
        let what = usize::try_from(args.n).map_or(What::ReadToEnd, What::Read);
        StreamOperation::new(zelf.into(), what, vm)
    }

    #[pymethod]
    fn readexactly(
        zelf: PyRef<Self>,
        args: ReadExactlyArgs,
        vm: &VirtualMachine,
    ) -> PyRef<StreamOperation> {
        StreamOperation::new(zelf.into(), What::ReadExactly(args.n), vm)
    }

    #[pymethod]
    fn readline(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyRef<StreamOperation> {
        StreamOperation::new(zelf.into(), What::ReadLine { offset: 0 }, vm)
    }

    #[pymethod]
    fn readuntil(
        zelf: PyRef<Self>,
        args: ReadUntilArgs,
        vm: &VirtualMachine,
    ) -> PyRef<StreamOperation> {
        let separator = args
            .separator
            .unwrap_or_else(|| vm.ctx.new_bytes(b"\n".to_vec()).into());
        let what = match separator.downcast::<PyBytes>() {
            Ok(separator) if !separator.is_empty() => What::ReadUntil {
                separator,
                offset: 0,
            },
            Ok(separator) => What::ReadUntilAny(separator.into()),
            Err(separator) => What::ReadUntilAny(separator),
        };
        StreamOperation::new(zelf.into(), what, vm)
    }

    #[pymethod]
    fn feed_data(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let data = ArgBytesLike::try_from_object(vm, data)?
            .borrow_buf()
            .to_vec();
        Self::feed(zelf, data, vm)
    }

    #[pymethod]
    fn feed_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.eof.store(true, Ordering::Relaxed);
        zelf.wake_waiter(vm)
    }

    #[pymethod]
    fn at_eof(zelf: &Py<Self>) -> bool {
        zelf.eof.load(Ordering::Relaxed) && zelf.buffer.lock().is_empty()
    }

    #[pymethod(name = "exception")]
    fn py_exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.exception.get_or_none(vm)
    }

    #[pymethod]
    fn set_exception(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.exception.assign(exc.clone(), vm);
        let Some(waiter) = zelf.waiter.take() else {
            return Ok(());
        };
        if !vm.call_method(&waiter, "cancelled", ())?.try_to_bool(vm)? {
            vm.call_method(&waiter, "set_exception", (exc,))?;
        }
        Ok(())
    }

    #[pymethod]
    fn _wakeup_waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.wake_waiter(vm)
    }

    #[pymethod]
    fn _maybe_resume_transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.maybe_resume_transport(vm)
    }

    #[pygetset]
    fn _buffer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.buffer.lock().share(vm)
    }

    #[pygetset(setter)]
    fn set__buffer(zelf: &Py<Self>, value: PyRef<PyByteArray>) {
        let replaced = std::mem::replace(&mut *zelf.buffer.lock(), Buffer::Shared(value));
        drop(replaced);
    }

    #[pygetset]
    fn _limit(zelf: &Py<Self>) -> usize {
        zelf.limit.load(Ordering::Relaxed)
    }

    #[pygetset(setter)]
    fn set__limit(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        // A limit beyond the address space is none.
        let value = value.try_int(vm)?.as_bigint().try_into();
        zelf.limit
            .store(value.unwrap_or(usize::MAX), Ordering::Relaxed);
        Ok(())
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
    fn _loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.event_loop.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__loop(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.event_loop.assign(value, vm);
    }

    #[pygetset]
    fn _waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.waiter.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__waiter(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.waiter.assign(value, vm);
    }

    #[pygetset]
    fn _exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.exception.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__exception(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.exception.assign(value, vm);
    }

    #[pygetset]
    fn _transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.transport.get_or_none(vm)
    }

    #[pygetset(setter)]
    fn set__transport(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) {
        zelf.transport.assign(value, vm);
    }
}
