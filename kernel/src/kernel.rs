//! Builds the parts of a kernel, joins them, and ends them in order.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use everloop_protocol::connection::{ConnectionError, ConnectionFile};
use everloop_protocol::content::status::{ExecutionState, Status};
use everloop_protocol::sign::SchemeError;
use everloop_protocol::{ParentHeader, Session};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::descriptors::Capture;
use crate::dispatch::{Cells, Dispatcher, Shell, serve_control};
use crate::history::{History, Location};
use crate::interpreter::{self, Interpreter, Services};
use crate::outbox::{Outbox, never_wait_on_this_thread};
use crate::requests::Context;
use crate::sockets::bind::{BindError, Listeners};
use crate::sockets::router::{Router, RouterSender};
use crate::sockets::stdin::StdinTask;
use crate::sockets::{heartbeat, iopub};
use crate::{log, parent_poller, processes, usage};

/// Sockets only: Python has threads of its own.
const IO_WORKERS: usize = 2;
/// How long children may take to end when they are asked to.
const CHILDREN: Duration = Duration::from_millis(300);
/// How long Python may take for its atexit handlers. All of the end takes less than a second.
const PYTHON: Duration = Duration::from_millis(600);
/// How long the last replies and the history may take.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Why the kernel did not start, or ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the operating system refuses what the kernel needs: {0}")]
    System(#[from] io::Error),
    #[error("the Python interpreter ended by itself")]
    InterpreterDied,
}

/// Runs a kernel on this connection file until it is shut down.
pub fn run(connection_file: &Path) -> Result<(), KernelError> {
    log::start()?;
    interpreter::leave_interrupts_to_python();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(IO_WORKERS)
        .thread_name("io")
        .on_thread_start(never_wait_on_this_thread)
        .enable_all()
        .build()?;
    let result = runtime.block_on(start(connection_file)).and_then(|kernel| runtime.block_on(kernel.serve()));
    // What does not end by itself ends with the process.
    runtime.shutdown_background();
    result
}

/// A running kernel.
struct Kernel {
    context: Arc<Context>,
    python: JoinHandle<()>,
    capture: Capture,
    repliers: [RouterSender; 2],
    tasks: TaskTracker,
    /// Ends the sockets.
    close: CancellationToken,
}

async fn start(path: &Path) -> Result<Kernel, KernelError> {
    let mut connection = ConnectionFile::read(path)?;
    let session = Session::from_connection(&connection)?;
    let given = connection.clone();
    let listeners = Listeners::bind(&mut connection).await?;
    if connection != given {
        connection.write(path)?;
    }
    let (tasks, close) = (TaskTracker::new(), CancellationToken::new());
    let (outbox, feed) = Outbox::new(session.clone());
    let starting = Status { execution_state: ExecutionState::Starting };
    outbox.publish(&ParentHeader::none(), "status", starting);
    iopub::serve(listeners.iopub, feed, &tasks, &close);
    let router = |name, listener| Router::serve(name, listener, &tasks, &close);
    spawn(&tasks, &close, heartbeat::run(router("heartbeat", listeners.heartbeat)));
    let stdin = router("stdin", listeners.stdin);
    let (stdin, stdin_task) = StdinTask::new(stdin, session.clone(), outbox.clone());
    spawn(&tasks, &close, stdin_task.run());

    let capture = Capture::start(outbox.clone())?;
    let history = Arc::new(History::open(Location::from_env()));
    let (interpreter, python) = Interpreter::spawn(Services {
        outbox: outbox.clone(),
        stdin,
        history: Arc::clone(&history),
        tokio: tokio::runtime::Handle::current(),
        capture: Some(capture.clone()),
    });
    let context = Arc::new(Context {
        outbox,
        interpreter,
        history,
        connection,
        meter: usage::Meter::default(),
        engine: session.id().to_owned(),
        cell_runs: AtomicBool::new(false),
        exit: CancellationToken::new(),
    });
    let dispatcher = |socket, sender| {
        let (context, session) = (Arc::clone(&context), session.clone());
        Arc::new(Dispatcher { socket, context, session, sender })
    };
    let control = router("control", listeners.control);
    let shell = router("shell", listeners.shell);
    let repliers = [control.sender(), shell.sender()];
    spawn(&tasks, &close, serve_control(dispatcher("control", control.sender()), control));
    let on_shell = dispatcher("shell", shell.sender());
    let (cells_tx, queue) = mpsc::unbounded_channel();
    let (barriers_tx, barriers) = mpsc::unbounded_channel();
    spawn(&tasks, &close, Cells::new(Arc::clone(&on_shell), queue, barriers_tx).run());
    let shell = Shell { dispatcher: on_shell, router: shell, cells_tx, barriers, tasks: tasks.clone() };
    spawn(&tasks, &close, shell.serve());
    Ok(Kernel { context, python, capture, repliers, tasks, close })
}

fn spawn(tasks: &TaskTracker, close: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(close.clone().run_until_cancelled_owned(task));
}

impl Kernel {
    /// Serves until somebody wants the kernel to end, then ends it in order.
    async fn serve(self) -> Result<(), KernelError> {
        let mut ended = joined(self.python);
        let mut terminated = signal(SignalKind::terminate())?;
        let result = tokio::select! {
            () = self.context.exit.cancelled() => Ok(()),
            _ = terminated.recv() => Ok(()),
            () = parent_poller::parent_died() => Ok(()),
            _ = &mut ended => Err(KernelError::InterpreterDied),
        };
        if result.is_ok() {
            self.context.interpreter.shutdown();
            let python = tokio::time::timeout(PYTHON, ended);
            let (_, python) = tokio::join!(processes::end_children(CHILDREN), python);
            if python.is_err() {
                tracing::warn!("Python does not end: exiting without it");
            }
        }
        self.capture.drain();
        self.close.cancel();
        self.tasks.close();
        for replier in &self.repliers {
            replier.linger(LAST_WORDS).await;
        }
        let _ = tokio::time::timeout(4 * LAST_WORDS, self.tasks.wait()).await;
        self.context.history.end(LAST_WORDS);
        result
    }
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
    if let Err(error) = std::thread::Builder::new().name("watch".to_owned()).spawn(watch) {
        tracing::error!(%error, "nobody watches the interpreter thread");
    }
    ended
}
