//! The end: children, Python, last replies and messages. All of it takes less than a second, whether Python
//! cooperates or not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::descriptors::Capture;
use crate::diagnosis;
use crate::fatal::Ending;
use crate::processes;
use crate::requests::Context;

/// How long children may take to end when they are asked to.
const CHILDREN: Duration = Duration::from_millis(300);
/// How long Python may take for its atexit handlers.
const PYTHON: Duration = Duration::from_millis(500);
/// How long the replies to cells may take that end with the process.
const REPLIES: Duration = Duration::from_millis(200);
/// How long the history may take.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What is left to be ended.
#[derive(Clone)]
pub(super) struct End {
    pub(super) context: Arc<Context>,
    pub(super) capture: Capture,
    pub(super) tasks: TaskTracker,
    /// Ends the sockets.
    pub(super) close: CancellationToken,
}

impl End {
    /// Interrupts the cell that runs, ends the children and lets Python run its atexit handlers.
    pub(super) async fn python(&self, ended: oneshot::Receiver<()>) {
        let interpreter = &self.context.interpreter;
        interpreter.shutdown();
        let left = async {
            tokio::select! {
                () = interpreter.is_left() => {}
                _ = ended => {}
            }
        };
        let left = tokio::time::timeout(PYTHON, left);
        let ((), left) = tokio::join!(processes::end_children(CHILDREN), left);
        if left.is_err() && interpreter.farewell_is_said() {
            tracing::debug!("exiting while Python frees its objects");
        } else if left.is_err() {
            let threads = tokio::task::spawn_blocking(diagnosis::threads).await;
            tracing::warn!(
                "Python does not end: exiting without it, and not all handlers of atexit have run\n{}",
                threads.unwrap_or_default()
            );
        }
    }

    /// Has the last words when a thread is about to end the process.
    pub(super) async fn unasked(self, ending: Ending) {
        let why = ending.told().await;
        self.answer(&why).await;
        self.sockets().await;
        ending.said();
    }

    /// Answers the cells that run; `why` as in [`Interpreter::bury`](crate::interpreter::Interpreter::bury).
    pub(super) async fn answer(&self, why: &str) {
        self.capture.drain();
        self.context.interpreter.bury(why);
        self.context.open.close();
        let _ = tokio::time::timeout(REPLIES, self.context.open.wait()).await;
    }

    /// Lets everything that was said reach its reader, then closes the sockets.
    pub(super) async fn sockets(self) {
        self.capture.end();
        self.close.cancel();
        self.tasks.close();
        // iopub empties the outbox and the others write their last replies first, with limits of their own.
        self.tasks.wait().await;
        self.context.history.end(LAST_WORDS);
    }
}
