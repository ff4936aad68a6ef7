//! `ThreadCall`: one call of `loop.run_in_executor(None, …)`, on its way to a thread and back.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    common::lock::PyMutex,
    function::{FuncArgs, OptionalArg},
    pyclass,
    types::{Callable, Constructor},
};

use super::calls::Call;
use super::core::LoopCore;
use super::handle::Callback;
use crate::native::import::from_module;

#[derive(Debug)]
enum Stage {
    Waiting(Callback),
    /// Taken by a thread, delivered, or cancelled.
    Taken,
    Done(PyResult),
}

/// What a `concurrent.futures.Future` chained to the loop's future does in five callbacks, in two steps: `run` on a
/// thread, and the call of the object itself, on the loop.
#[pyclass(module = "_everloop", name = "ThreadCall")]
#[derive(Debug, PyPayload)]
pub struct ThreadCall {
    event_loop: PyRef<LoopCore>,
    future: PyObjectRef,
    stage: PyMutex<Stage>,
}

impl ThreadCall {
    fn take(&self) -> Stage {
        std::mem::replace(&mut *self.stage.lock(), Stage::Taken)
    }

    fn is_cancelled(&self, vm: &VirtualMachine) -> PyResult<bool> {
        vm.call_method(&self.future, "cancelled", ())?
            .try_to_bool(vm)
    }

    /// On a thread of the executor: makes the call, unless the future was cancelled before, and lets the loop know.
    pub(super) fn work(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Stage::Waiting(callback) = zelf.take() else {
            return Ok(());
        };
        if zelf.is_cancelled(vm)? {
            return Ok(());
        }
        let result = callback.function.call(FuncArgs::from(callback.args), vm);
        if zelf.event_loop.check_closed(vm).is_err() {
            return Ok(());
        }
        *zelf.stage.lock() = Stage::Done(result);
        let delivery = FuncArgs::from(vec![zelf.as_object().to_owned()]);
        LoopCore::call_soon_threadsafe(zelf.event_loop.clone(), delivery, vm).map(drop)
    }
}

impl Constructor for ThreadCall {
    type Args = FuncArgs;

    /// `ThreadCall(loop, future, function, *args)`
    fn py_new(
        _class: &Py<rustpython_vm::builtins::PyType>,
        mut args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let (Some(event_loop), Some(future)) = (args.take_positional(), args.take_positional())
        else {
            return Err(vm.new_type_error("a loop and a future are missing"));
        };
        Ok(Self {
            event_loop: event_loop.try_into_value(vm)?,
            future,
            stage: PyMutex::new(Stage::Waiting(
                Call::from_args("run_in_executor", args, vm)?.callback,
            )),
        })
    }
}

impl Callable for ThreadCall {
    type Args = FuncArgs;

    /// On the loop: gives the future what came of the call (`asyncio.futures._copy_future_state`).
    fn call(zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        let Stage::Done(result) = zelf.take() else {
            return Ok(vm.ctx.none());
        };
        if zelf.is_cancelled(vm)? {
            return Ok(vm.ctx.none());
        }
        match result {
            Ok(value) => vm.call_method(&zelf.future, "set_result", (value,)),
            Err(raised) => {
                let convert = from_module("asyncio.futures", "_convert_future_exc", vm)?;
                let raised = convert.call((raised,), vm)?;
                vm.call_method(&zelf.future, "set_exception", (raised,))
            }
        }
    }
}

/// What `ThreadPoolExecutor` asks of the items in its queue.
#[pyclass(with(Constructor, Callable))]
impl ThreadCall {
    #[pymethod]
    fn run(
        zelf: &Py<Self>,
        _context: OptionalArg<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::work(zelf, vm)
    }

    /// `item.future.cancel()` of `shutdown(cancel_futures=True)` comes from whatever thread.
    #[pygetset]
    fn future(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn cancel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        let Stage::Waiting(_) = zelf.take() else {
            return Ok(false);
        };
        let cancel = zelf.future.get_attr("cancel", vm)?;
        LoopCore::call_soon_threadsafe(zelf.event_loop.clone(), FuncArgs::from(vec![cancel]), vm)?;
        Ok(true)
    }
}
