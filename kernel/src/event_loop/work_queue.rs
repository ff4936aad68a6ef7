//! `WorkQueue`, where the threads of the loop's default executor wait for work.
//!
//! The queue that `ThreadPoolExecutor` uses (`_queue.SimpleQueue`) wakes each of its waiting threads twenty times a
//! second, to look for signals; these threads get none, and wait until there is something to do.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyType, PyTypeRef},
    function::FuncArgs,
    pyclass,
    types::Constructor,
};

use super::thread_call::ThreadCall;
use crate::native::import::from_module;

#[derive(Debug, Default)]
struct State {
    items: VecDeque<PyObjectRef>,
    /// Threads that wait, those included that an item was put for and that have not taken it yet.
    waiting: usize,
}

/// Items are objects with a method `run(context)`; None asks a thread to look whether it is still wanted.
#[pyclass(module = "_everloop", name = "WorkQueue")]
#[derive(Debug, Default, PyPayload)]
pub struct WorkQueue {
    state: Mutex<State>,
    filled: Condvar,
}

impl WorkQueue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item, waited for. The lock is taken and given back in a state in which the interpreter does not stop
    /// this thread, so that no stopped thread holds it.
    fn next(&self, vm: &VirtualMachine) -> PyObjectRef {
        vm.allow_threads(|| {
            let mut state = self.lock();
            state.waiting += 1;
            loop {
                if let Some(item) = state.items.pop_front() {
                    state.waiting -= 1;
                    return item;
                }
                state = self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        })
    }
}

impl Constructor for WorkQueue {
    type Args = ();

    fn py_new(_class: &Py<PyType>, (): (), _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[pyclass(with(Constructor))]
impl WorkQueue {
    #[pymethod]
    fn put(zelf: &Py<Self>, item: PyObjectRef) {
        zelf.lock().items.push_back(item);
        zelf.filled.notify_one();
    }

    #[pymethod]
    fn get_nowait(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let item = zelf.lock().items.pop_front();
        match item {
            Some(item) => Ok(item),
            None => {
                let empty: PyTypeRef = from_module("_queue", "Empty", vm)?.try_into_value(vm)?;
                Err(vm.invoke_exception(&empty, vec![])?)
            }
        }
    }

    #[pymethod]
    fn qsize(zelf: &Py<Self>) -> usize {
        zelf.lock().items.len()
    }

    /// Whether there are threads enough waiting for what is in the queue.
    #[pymethod]
    fn is_attended(zelf: &Py<Self>) -> bool {
        let state = zelf.lock();
        state.items.len() <= state.waiting
    }

    /// What a thread of the executor does: takes items and runs them, `run(context)`, until `is_over()`.
    #[pymethod]
    fn work(
        zelf: &Py<Self>,
        context: PyObjectRef,
        is_over: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        loop {
            let item = zelf.next(vm);
            if let Some(call) = item.downcast_ref::<ThreadCall>() {
                ThreadCall::work(call, vm)?;
            } else if !vm.is_none(&item) {
                vm.call_method(&item, "run", (context.clone(),))?;
            } else if is_over.call(FuncArgs::default(), vm)?.try_to_bool(vm)? {
                return Ok(());
            }
        }
    }
}
