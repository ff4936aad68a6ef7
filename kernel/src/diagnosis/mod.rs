//! What Python does, for who asks by `kill -QUIT`: the Python stacks of all threads and of the tasks that wait, in the
//! log. The kernel goes on.
//!
//! A thread is asked by the same signal, in whose handler it writes its own stack: so it need not come to an end of
//! what it does, be it a loop or a call that waits.
//!
//! - `threads`: the stacks of the threads

mod threads;

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustpython_vm::builtins::PyStr;
use rustpython_vm::vm::thread::ThreadedVirtualMachine;
use rustpython_vm::{PyResult, VirtualMachine};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use crate::native::door::Door;
use crate::native::panics::caught;

/// How long Python may take to tell of the tasks.
const TASKS: Duration = Duration::from_secs(2);

/// What the thread that asks Python for the tasks works with; none while one does.
static SEAT: Mutex<Option<ThreadedVirtualMachine>> = Mutex::new(None);

/// Gives the diagnosis a thread of the interpreter.
pub(crate) fn fill(thread: ThreadedVirtualMachine) {
    *SEAT.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
}

/// The stacks of all threads that run Python code. It waits for them: not on a thread of the I/O runtime.
pub(crate) fn threads() -> String {
    threads::stacks()
}

/// Handles SIGQUIT, where a kernel runs: whoever looks what its handler is may have changed it.
pub(crate) fn take_signal() {
    threads::take_signal();
}

/// Waits for who asks.
pub(crate) struct Diagnosis {
    asked: pipe::Receiver,
    log: File,
}

impl Diagnosis {
    /// From now on SIGQUIT asks. Inside of the I/O runtime.
    pub(crate) fn start(log: File) -> io::Result<Self> {
        Ok(Self {
            asked: pipe::Receiver::from_owned_fd(threads::listen()?)?,
            log,
        })
    }

    /// Answers everybody who asks.
    pub(crate) async fn serve(mut self) {
        while self.asked.readable().await.is_ok() {
            if self.asked.try_read(&mut [0; 64]).is_ok() {
                let threads = tokio::task::spawn_blocking(threads).await;
                let tasks = tokio::time::timeout(TASKS, tasks()).await;
                let tasks = tasks.ok().flatten();
                let text = format!(
                    "everloop: what process {} does, the innermost call first\n\n{}{}\n",
                    std::process::id(),
                    threads.unwrap_or_default(),
                    tasks.unwrap_or_else(|| "Python does not tell of its tasks now\n".to_owned())
                );
                // Who has closed stderr does not read it.
                let _ = self.log.write_all(text.as_bytes());
            }
        }
    }
}

/// The tasks that wait, with their stacks; None if Python is not up, or does not answer somebody else.
async fn tasks() -> Option<String> {
    let thread = SEAT.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let (text_tx, text) = oneshot::channel();
    let ask = move || {
        let told = thread.run(|vm| {
            // One that arrived here would not end what the interpreter thread waits for.
            crate::interpreter::leave_signals_to_python();
            caught(vm, || told_by_python(vm)).map_err(|raised| {
                let mut text = String::new();
                // Writing to a String cannot fail, and a broken traceback is still a traceback.
                let _ = vm.write_exception(&mut text, &raised);
                text
            })
        });
        fill(thread);
        // Nobody waits any more when it took too long.
        let _ = text_tx.send(told.unwrap_or_else(|failure| failure));
    };
    std::thread::Builder::new()
        .name("diagnosis".to_owned())
        .spawn(ask)
        .ok()?;
    text.await.ok()
}

fn told_by_python(vm: &VirtualMachine) -> PyResult<String> {
    let Some(main) = Door::of(vm)?.main() else {
        return Ok(String::new());
    };
    let tasks = main.shell.get_attr("tasks", vm)?;
    let text = vm.call_method(&tasks, "stacks", ())?;
    let text = text
        .downcast_ref::<PyStr>()
        .map(|text| text.to_string_lossy());
    Ok(text.unwrap_or_default().into_owned())
}
