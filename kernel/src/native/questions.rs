//! Asking the front end of the current cell. Who asks may be a thread, which waits; the loop's own thread, which takes
//! turns of the loop meanwhile; or a task, which awaits a future.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyStr, PyStrRef, PyType},
    pyclass,
    types::Constructor,
};
use tokio::task::AbortHandle;

use super::door::{Door, Main};
use super::output::current_cell;
use crate::event_loop::{Completion, LoopCore};
use crate::kicks;
use crate::sockets::stdin::{self, Answer, Unanswered};

/// Asks, and waits for the answer.
pub(super) fn ask(prompt: &PyStr, password: bool, vm: &VirtualMachine) -> PyResult<String> {
    let door = Door::of(vm)?;
    let main = door
        .main()
        .filter(|main| is_running_here(&main.event_loop, vm));
    let answer = question(prompt, password, main.is_none(), vm)?;
    let answer = match main {
        Some(main) => wait_in_turns(main, door, answer, vm)?,
        None => wait_here(door, answer, vm)?,
    };
    answer.map_err(|reason| match reason {
        Unanswered::Unreachable => unreachable_front_end(vm),
        Unanswered::Interrupted => {
            vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())
        }
    })
}

/// Sends a question of the current cell, or puts it in the line.
fn question(
    prompt: &PyStr,
    password: bool,
    blocks_thread: bool,
    vm: &VirtualMachine,
) -> PyResult<Answer> {
    let cell = current_cell(vm)?
        .ok_or_else(|| vm.new_runtime_error("there is no cell whose front end could be asked"))?;
    Ok(Door::of(vm)?.stdin.ask(stdin::Question {
        identities: cell.identities().to_vec(),
        parent: cell.parent().clone(),
        prompt: prompt.to_string_lossy().into_owned(),
        password,
        blocks_thread,
    }))
}

fn unreachable_front_end(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_os_error("the front end that sent this cell is gone")
}

/// Whether this is the thread of the kernel's loop, inside of a turn. Other threads may run loops of their own.
fn is_running_here(event_loop: &Py<LoopCore>, vm: &VirtualMachine) -> bool {
    let running = vm.asyncio_running_loop.borrow();
    running
        .as_ref()
        .is_some_and(|running| running.is(event_loop))
}

/// Waits for the answer on a thread that has no turn of the loop to give.
fn wait_here(
    door: &Door,
    answer: Answer,
    vm: &VirtualMachine,
) -> PyResult<Result<String, Unanswered>> {
    let mut answer = pin!(answer.recv());
    loop {
        let received = vm.allow_threads(|| {
            door.tokio.block_on(async {
                tokio::select! {
                    answer = &mut answer => Some(answer),
                    () = kicks::kicked() => None,
                }
            })
        });
        match received {
            Some(answer) => return Ok(answer),
            None => kicks::handle(vm)?,
        }
    }
}

/// Waits for the answer while the loop goes on.
fn wait_in_turns(
    main: &Main,
    door: &Door,
    answer: Answer,
    vm: &VirtualMachine,
) -> PyResult<Result<String, Unanswered>> {
    let completion = Completion::default().into_ref(&vm.ctx);
    let received: Arc<Mutex<Option<_>>> = Arc::default();
    let wake = Arc::clone(main.event_loop.wake());
    let waiting = door.tokio.spawn({
        let (completion, received) = (completion.clone(), Arc::clone(&received));
        async move {
            let answer = answer.recv().await;
            *received.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            completion.set();
            wake.ring();
        }
    });
    let result = LoopCore::run_turns(&main.event_loop, Some(completion), vm);
    // An interrupt ends the waiting; dropping the receiver gives the question up.
    waiting.abort();
    result?;
    let answer = received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if answer.is_none() && door.is_shutting_down() {
        // These turns have used up what was meant to stop the loop itself.
        vm.call_method(main.event_loop.as_object(), "stop", ())?;
    }
    Ok(answer.unwrap_or(Err(Unanswered::Interrupted)))
}

/// The future that waits, until it is done or forgotten. What tokio holds of it is empty by the time that it drops it.
type Slot = Arc<Mutex<Option<PyObjectRef>>>;

/// A question whose answer a future of a loop awaits. `forget()` gives it up; so does dropping it.
#[pyclass(module = "_everloop", name = "Question")]
#[derive(Debug, PyPayload)]
pub(super) struct Question {
    future: Slot,
    waiting: AbortHandle,
}

impl Constructor for Question {
    type Args = (PyObjectRef, PyStrRef, bool);

    /// `Question(future, prompt, password)` asks; the loop of `future` is one of ours.
    fn py_new(
        _class: &Py<PyType>,
        (future, prompt, password): Self::Args,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let event_loop = vm.call_method(&future, "get_loop", ())?;
        let event_loop: PyRef<LoopCore> = event_loop.downcast().map_err(|_| {
            vm.new_runtime_error("only a loop of everloop's can await the answer to a question")
        })?;
        let answer = question(&prompt, password, false, vm)?;
        let future: Slot = Arc::new(Mutex::new(Some(future)));
        let wake = Arc::clone(event_loop.wake());
        let waiting = Door::of(vm)?.tokio.spawn({
            let future = Arc::clone(&future);
            async move {
                let answer = answer.recv().await;
                wake.submit(Box::new(move |vm| match take(&future) {
                    Some(future) => finish(future, answer, vm),
                    None => Ok(()),
                }));
            }
        });
        Ok(Self {
            future,
            waiting: waiting.abort_handle(),
        })
    }
}

impl Question {
    fn give_up(&self) {
        self.waiting.abort();
        drop(take(&self.future));
    }
}

#[pyclass(with(Constructor))]
impl Question {
    /// Gives it up, unless it is answered.
    #[pymethod]
    fn forget(zelf: &Py<Self>) {
        zelf.give_up();
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.give_up();
    }
}

fn take(slot: &Slot) -> Option<PyObjectRef> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// On the loop of the future.
fn finish(
    future: PyObjectRef,
    answer: Result<String, Unanswered>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if vm.call_method(&future, "done", ())?.try_to_bool(vm)? {
        return Ok(());
    }
    match answer {
        Ok(text) => vm.call_method(&future, "set_result", (text,)),
        Err(Unanswered::Unreachable) => {
            vm.call_method(&future, "set_exception", (unreachable_front_end(vm),))
        }
        Err(Unanswered::Interrupted) => vm.call_method(&future, "cancel", ()),
    }?;
    Ok(())
}
