//! Builds the parts of a kernel, joins them, and ends them in order.
//!
//! - `start`: from the connection file to a running kernel
//! - `end`: from the wish to end to the end of the process

mod end;
mod start;

use std::io;
use std::path::Path;
use std::thread::JoinHandle;

use everloop_protocol::connection::ConnectionError;
use everloop_protocol::sign::SchemeError;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use self::end::End;
use crate::fatal::give_alternate_stack;
use crate::outbox::never_wait_on_this_thread;
use crate::sockets::bind::BindError;
use crate::{interpreter, log, memory, parent_poller, signals};

/// Sockets only, and nothing there waits: Python has threads of its own. A message that is answered without Python costs no
/// hop to another thread so.
const IO_WORKERS: usize = 1;

/// Why the kernel did not start, or ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// Says its cause itself.
    #[error("{0}")]
    Connection(ConnectionError),
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the operating system refuses what the kernel needs")]
    System(#[from] io::Error),
    #[error("the Python interpreter ended by itself")]
    InterpreterDied,
}

impl From<ConnectionError> for KernelError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

/// Runs a kernel on this connection file until it is shut down.
pub fn run(connection_file: &Path) -> Result<(), KernelError> {
    interpreter::leave_signals_to_python();
    memory::prepare();
    log::start()?;
    give_alternate_stack();
    // As in every Python: a file that may grow no further is an OSError.
    signals::ignore(libc::SIGXFSZ);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(IO_WORKERS)
        .thread_name("io")
        .on_thread_start(|| {
            never_wait_on_this_thread();
            give_alternate_stack();
        })
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let kernel = Kernel::start(connection_file).await?;
        kernel.serve().await
    });
    // What does not end by itself ends with the process.
    runtime.shutdown_background();
    result
}

/// A running kernel.
struct Kernel {
    python: JoinHandle<()>,
    end: End,
}

impl Kernel {
    /// Serves until somebody wants the kernel to end, then ends it in order.
    async fn serve(self) -> Result<(), KernelError> {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut hung_up = hangups()?;
        let mut python = joined(self.python);
        let end = self.end;
        tokio::select! {
            () = end.context.exit.cancelled() => {}
            _ = terminated.recv() => {}
            Some(()) = async { hung_up.as_mut()?.recv().await } => {}
            () = parent_poller::parent_died() => {}
            _ = &mut python => {
                end.answer("the Python interpreter ended by itself").await;
                end.sockets().await;
                return Err(KernelError::InterpreterDied);
            }
        }
        end.python(python).await;
        end.sockets().await;
        Ok(())
    }
}

/// Those of the terminal that the kernel was started from, unless it was told not to mind (`nohup`).
fn hangups() -> io::Result<Option<Signal>> {
    if signals::is_ignored(libc::SIGHUP) {
        return Ok(None);
    }
    signal(SignalKind::hangup()).map(Some)
}

/// Resolves when the interpreter thread has ended.
fn joined(python: JoinHandle<()>) -> oneshot::Receiver<()> {
    let (ended_tx, ended) = oneshot::channel();
    let watch = move || {
        if python.join().is_err() {
            tracing::error!("the interpreter thread panicked");
        }
        // Nobody waits when the process ends without it.
        let _ = ended_tx.send(());
    };
    if let Err(error) = std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(watch)
    {
        tracing::error!(%error, "nobody watches the interpreter thread");
    }
    ended
}
