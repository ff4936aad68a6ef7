//! `StreamOperation`, what the methods of readers and writers return: awaitable once, as a coroutine.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::PyBytes,
    common::lock::PyMutex,
    function::OptionalArg,
    protocol::PyIterReturn,
    pyclass,
    types::{Destructor, IterNext, Representable, SelfIter},
};

use super::reader::{Found, StreamReader};
use super::writer::StreamWriter;
use crate::event_loop::awaitable::{is_done, mark_awaited, result_of, thrown, warn_never_awaited};

/// What is to be done, and how far a search has come.
#[derive(Debug)]
pub(super) enum What {
    Read(usize),
    ReadToEnd,
    ReadExactly(isize),
    ReadLine {
        offset: usize,
    },
    ReadUntil {
        separator: PyRef<PyBytes>,
        offset: usize,
    },
    ReadUntilAny(PyObjectRef),
    Drain,
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::ReadToEnd => "read",
            Self::ReadExactly(_) => "readexactly",
            // As in asyncio, where a line is read by `readuntil`.
            Self::ReadLine { .. } | Self::ReadUntil { .. } | Self::ReadUntilAny(_) => "readuntil",
            Self::Drain => "drain",
        }
    }
}

#[derive(Debug)]
enum Stage {
    New,
    /// A future is awaited.
    Waiting(PyObjectRef),
    /// asyncio's own coroutine does it: the rare cases.
    Delegated(PyObjectRef),
    Over,
}

/// The awaitable; `owner` is the reader or the writer.
#[pyclass(module = "_everloop", name = "StreamOperation")]
#[derive(Debug, PyPayload)]
pub struct StreamOperation {
    owner: PyObjectRef,
    what: PyMutex<What>,
    stage: PyMutex<Stage>,
}

/// How a step ended.
enum Step {
    Done(PyObjectRef),
    Wait(PyObjectRef),
    Delegate(PyObjectRef),
}

impl StreamOperation {
    pub(super) fn new(owner: PyObjectRef, what: What, vm: &VirtualMachine) -> PyRef<Self> {
        let operation = Self {
            owner,
            what: PyMutex::new(what),
            stage: PyMutex::new(Stage::New),
        };
        operation.into_ref(&vm.ctx)
    }

    fn take_stage(&self) -> Stage {
        std::mem::replace(&mut *self.stage.lock(), Stage::Over)
    }

    /// Goes on until there is something to wait for, as `send(None)` of a coroutine.
    fn step(&self, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        match self.take_stage() {
            Stage::New => self.check(vm)?,
            Stage::Waiting(future) => {
                if !is_done(&future, vm)? {
                    *self.stage.lock() = Stage::Waiting(future);
                    return Err(vm.new_runtime_error("await wasn't used with future"));
                }
                self.stop_waiting();
                result_of(&future, vm)?;
            }
            Stage::Delegated(coroutine) => return self.step_delegate(coroutine, vm),
            Stage::Over => {
                return Err(vm.new_runtime_error("cannot reuse already awaited coroutine"));
            }
        }
        match self.advance(vm)? {
            Step::Done(value) => Ok(PyIterReturn::StopIteration(Some(value))),
            Step::Wait(future) => {
                mark_awaited(&future, vm)?;
                *self.stage.lock() = Stage::Waiting(future.clone());
                Ok(PyIterReturn::Return(future))
            }
            Step::Delegate(coroutine) => self.step_delegate(coroutine, vm),
        }
    }

    fn step_delegate(&self, coroutine: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let sent = vm.call_method(&coroutine, "send", (vm.ctx.none(),));
        self.after_delegate(coroutine, sent, vm)
    }

    fn after_delegate(
        &self,
        coroutine: PyObjectRef,
        result: PyResult,
        vm: &VirtualMachine,
    ) -> PyResult<PyIterReturn> {
        let result = PyIterReturn::from_pyresult(result, vm)?;
        if matches!(result, PyIterReturn::Return(_)) {
            *self.stage.lock() = Stage::Delegated(coroutine);
        }
        Ok(result)
    }

    /// What is checked before the first look.
    fn check(&self, vm: &VirtualMachine) -> PyResult<()> {
        if let What::ReadExactly(count) = &*self.what.lock()
            && *count < 0
        {
            return Err(vm.new_value_error("readexactly size can not be less than zero"));
        }
        match self.owner.downcast_ref::<StreamReader>() {
            Some(reader) => reader.check_exception(vm),
            None => Ok(()),
        }
    }

    fn advance(&self, vm: &VirtualMachine) -> PyResult<Step> {
        let mut what = self.what.lock();
        let Some(reader) = self.owner.downcast_ref::<StreamReader>() else {
            drop(what);
            return self.drain(vm);
        };
        let found = match &mut *what {
            What::Read(0) | What::ReadExactly(0) => Found::Data(Vec::new()),
            What::Read(count) => reader.read_some(*count, vm)?,
            What::ReadExactly(count) => reader.read_exactly(count.unsigned_abs(), vm)?,
            What::ReadLine { offset } => reader.read_line(offset, vm)?,
            What::ReadUntil { separator, offset } => {
                reader.read_until(separator.as_bytes(), offset, vm)?
            }
            What::ReadToEnd => return self.delegate("_read_to_end", vec![], vm),
            What::ReadUntilAny(separator) => {
                let args = vec![separator.clone()];
                return self.delegate("_read_until_any", args, vm);
            }
            What::Drain => return Ok(Step::Done(vm.ctx.none())),
        };
        let name = what.name();
        drop(what);
        match found {
            Found::Data(data) => Ok(Step::Done(vm.ctx.new_bytes(data).into())),
            Found::Nothing => reader.wait_for_data(name, vm).map(Step::Wait),
        }
    }

    fn drain(&self, vm: &VirtualMachine) -> PyResult<Step> {
        match self.owner.downcast_ref::<StreamWriter>() {
            Some(writer) if !writer.is_drained(vm)? => self.delegate("_drain", vec![], vm),
            _ => Ok(Step::Done(vm.ctx.none())),
        }
    }

    fn delegate(
        &self,
        method: &str,
        args: Vec<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<Step> {
        vm.call_method(&self.owner, method, args)
            .map(Step::Delegate)
    }

    fn stop_waiting(&self) {
        if let Some(reader) = self.owner.downcast_ref::<StreamReader>() {
            drop(reader.waiter.take());
        }
    }
}

#[pyclass(with(IterNext, Destructor, Representable))]
impl StreamOperation {
    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        match zelf.step(vm)? {
            PyIterReturn::Return(value) => Ok(value),
            PyIterReturn::StopIteration(value) => Err(vm.new_stop_iteration(value)),
        }
    }

    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        _exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult {
        let stage = zelf.take_stage();
        if let Stage::Delegated(coroutine) = stage {
            let result = vm.call_method(&coroutine, "throw", (exc_type,));
            return match zelf.after_delegate(coroutine, result, vm)? {
                PyIterReturn::Return(value) => Ok(value),
                PyIterReturn::StopIteration(value) => Err(vm.new_stop_iteration(value)),
            };
        }
        if matches!(stage, Stage::Waiting(_)) {
            zelf.stop_waiting();
        }
        Err(thrown(exc_type, exc_val, vm)?)
    }

    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.take_stage() {
            Stage::Delegated(coroutine) => vm.call_method(&coroutine, "close", ()).map(drop),
            Stage::Waiting(_) => {
                zelf.stop_waiting();
                Ok(())
            }
            Stage::New | Stage::Over => Ok(()),
        }
    }

    #[pygetset]
    fn __name__(zelf: &Py<Self>) -> &'static str {
        zelf.what.lock().name()
    }

    #[pygetset]
    fn __qualname__(zelf: &Py<Self>) -> String {
        let name = zelf.what.lock().name();
        format!("{}.{name}", zelf.owner.class().name())
    }

    /// What it awaits, as `cr_await` of a coroutine.
    #[pygetset]
    fn cr_await(zelf: &Py<Self>) -> Option<PyObjectRef> {
        match &*zelf.stage.lock() {
            Stage::Waiting(awaited) | Stage::Delegated(awaited) => Some(awaited.clone()),
            Stage::New | Stage::Over => None,
        }
    }
}

impl SelfIter for StreamOperation {}

impl IterNext for StreamOperation {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        zelf.step(vm)
    }
}

impl Destructor for StreamOperation {
    /// As a coroutine: one that was never awaited is most likely a mistake.
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !matches!(*zelf.stage.lock(), Stage::New) {
            return Ok(());
        }
        warn_never_awaited(&Self::__qualname__(zelf), vm)
    }
}

impl Representable for StreamOperation {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<coroutine object {}>", Self::__qualname__(zelf)))
    }
}
