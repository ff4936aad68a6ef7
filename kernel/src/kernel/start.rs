//! From the connection file to a running kernel.

use std::io;
use std::path::Path;
use std::sync::Arc;

use everloop_protocol::connection::ConnectionFile;
use everloop_protocol::content::status::ExecutionState;
use everloop_protocol::{ParentHeader, Session};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::end::End;
use super::{Kernel, KernelError};
use crate::descriptors::{self, Capture};
use crate::diagnosis::Diagnosis;
use crate::dispatch::{Cells, Dispatcher, Shell, serve_control};
use crate::fatal;
use crate::history::{History, Location};
use crate::interpreter::{Interpreter, Services};
use crate::lanes::Lanes;
use crate::outbox::{Outbox, Wait};
use crate::requests::Context;
use crate::sockets::bind::Listeners;
use crate::sockets::router::{MESSAGE_LIMIT, Router, Settled};
use crate::sockets::stdin::StdinTask;
use crate::sockets::zmtp::listener::Listener;
use crate::sockets::{heartbeat, iopub};
use crate::usage::Meter;

/// The tasks of the I/O runtime, and what ends them.
struct Tasks {
    tracker: TaskTracker,
    close: CancellationToken,
}

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker
            .spawn(self.close.clone().run_until_cancelled_owned(task));
    }

    async fn router(
        &self,
        name: &'static str,
        listener: Listener,
        limit: usize,
        settled: Settled,
    ) -> io::Result<Router> {
        let (tracker, close) = (&self.tracker, &self.close);
        Router::serve(name, listener, limit, settled, tracker, close).await
    }
}

impl Kernel {
    /// Binds, publishes `starting`, and serves; Python comes up meanwhile.
    pub(super) async fn start(path: &Path) -> Result<Self, KernelError> {
        let mut connection = ConnectionFile::read(path)?;
        let session = Session::from_connection(&connection)?;
        let listeners = bind(&mut connection, path).await?;
        warn_of_strangers(&connection, path);
        let tasks = Tasks {
            tracker: TaskTracker::new(),
            close: CancellationToken::new(),
        };
        let (outbox, feed) = Outbox::new(session.clone());
        outbox.status(&ParentHeader::none(), ExecutionState::Starting, Wait::No);
        iopub::serve(listeners.iopub, feed, &tasks.tracker, &tasks.close);
        let unheard: Settled = Arc::new(|| {});
        let limit = heartbeat::MESSAGE_LIMIT;
        let heartbeat = tasks
            .router(
                "heartbeat",
                listeners.heartbeat,
                limit,
                Arc::clone(&unheard),
            )
            .await?;
        tasks.spawn(heartbeat::run(heartbeat));
        let stdin = tasks
            .router("stdin", listeners.stdin, MESSAGE_LIMIT, unheard)
            .await?;
        let (stdin, stdin_task) = StdinTask::new(stdin, session.clone(), outbox.clone());
        tasks.spawn(stdin_task.run());

        let ending = fatal::watch(descriptors::original_stderr()?.into())?;
        tokio::spawn(Diagnosis::start(descriptors::original_stderr()?)?.serve());
        let capture = Capture::start(outbox.clone())?;
        let history = Arc::new(History::open(Location::from_env()));
        let lanes = Arc::<Lanes>::default();
        let (interpreter, python) = Interpreter::spawn(Services {
            outbox: outbox.clone(),
            stdin,
            history: Arc::clone(&history),
            lanes: Arc::clone(&lanes),
            tokio: tokio::runtime::Handle::current(),
            capture: Some(capture.clone()),
            connection_file: path.to_owned(),
        });
        let replied: Settled = {
            let outbox = outbox.clone();
            Arc::new(move || outbox.replied())
        };
        let context = Arc::new(Context {
            outbox,
            interpreter,
            history,
            connection,
            meter: Meter::default(),
            engine: session.id().to_owned(),
            lanes,
            open: TaskTracker::new(),
            exit: CancellationToken::new(),
        });
        let control = tasks
            .router(
                "control",
                listeners.control,
                MESSAGE_LIMIT,
                Arc::clone(&replied),
            )
            .await?;
        let shell = tasks
            .router("shell", listeners.shell, MESSAGE_LIMIT, replied)
            .await?;
        serve(&tasks, &context, &session, control, shell);
        let end = End {
            context,
            capture,
            tasks: tasks.tracker,
            close: tasks.close,
        };
        tokio::spawn(end.clone().unasked(ending));
        Ok(Self { python, end })
    }
}

/// Binds the sockets, and tells clients by the file which ports they got where it named none.
async fn bind(connection: &mut ConnectionFile, path: &Path) -> Result<Listeners, KernelError> {
    let given = connection.clone();
    let listeners = Listeners::bind(connection).await?;
    if *connection != given {
        connection.write(path)?;
    }
    Ok(listeners)
}

/// Says who else could run code here, when somebody could.
fn warn_of_strangers(connection: &ConnectionFile, path: &Path) {
    if connection.key.is_empty() {
        if !connection.is_local() {
            tracing::warn!(
                ip = connection.ip,
                "the connection file has no key: whoever reaches these ports can run code"
            );
        }
    } else if can_be_read_by_others(path) {
        tracing::warn!(
            file = %path.display(),
            "other users can read the connection file: with the key in it they can run code"
        );
    }
}

fn can_be_read_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
}

/// Starts the tasks that answer requests.
fn serve(tasks: &Tasks, context: &Arc<Context>, session: &Session, control: Router, shell: Router) {
    let dispatcher = |socket, sender| {
        let (context, session) = (Arc::clone(context), session.clone());
        Arc::new(Dispatcher {
            socket,
            context,
            session,
            sender,
        })
    };
    tasks.spawn(serve_control(
        dispatcher("control", control.sender()),
        control,
    ));
    let dispatcher = dispatcher("shell", shell.sender());
    let (barriers_tx, barriers) = mpsc::unbounded_channel();
    let cells = Arc::new(Cells::new(Arc::clone(&dispatcher), barriers_tx));
    tasks.spawn(Arc::clone(&cells).follow_lanes());
    let tracker = tasks.tracker.clone();
    tasks.spawn(
        Shell {
            dispatcher,
            router: shell,
            cells,
            barriers,
            tasks: tracker,
        }
        .serve(),
    );
}
