//! The queue of cells: one after the other, and what is queued behind a failed one is aborted.
//!
//! A front end that runs all cells sends them at once. When one fails, those that were sent by then must not run,
//! and those that are sent in answer to the failure must. So before the reply of a failed cell goes out, the shell
//! task receives everything that has arrived; what is in the queue then is aborted after the reply.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};

use super::bracket::Dispatcher;
use crate::requests::{Request, execute};

/// Answered by the shell task when it has queued everything that had arrived.
pub(crate) type Barrier = oneshot::Sender<()>;

/// The task that runs cells.
pub(crate) struct Cells {
    dispatcher: Arc<Dispatcher>,
    queue: mpsc::UnboundedReceiver<Request>,
    barriers_tx: mpsc::UnboundedSender<Barrier>,
}

impl Cells {
    pub(crate) fn new(
        dispatcher: Arc<Dispatcher>,
        queue: mpsc::UnboundedReceiver<Request>,
        barriers_tx: mpsc::UnboundedSender<Barrier>,
    ) -> Self {
        Self {
            dispatcher,
            queue,
            barriers_tx,
        }
    }

    pub(crate) async fn run(mut self) {
        while let Some(request) = self.queue.recv().await {
            let mut aborted = 0;
            let dispatcher = Arc::clone(&self.dispatcher);
            let cell = async {
                dispatcher.context.cell_runs.store(true, Ordering::Release);
                let executed = execute::handle(&dispatcher.context, &request).await;
                dispatcher.context.cell_runs.store(false, Ordering::Release);
                if executed.aborts_queue {
                    self.everything_sent().await;
                    aborted = self.queue.len();
                }
                executed.answer
            };
            dispatcher.bracket(&request, cell).await;
            // Also after a panic.
            dispatcher.context.cell_runs.store(false, Ordering::Release);
            for _ in 0..aborted {
                if let Some(request) = self.queue.recv().await {
                    self.abort(&request).await;
                }
            }
        }
    }

    /// Returns when everything that had been sent is in the queue.
    async fn everything_sent(&self) {
        let (reached_tx, reached) = oneshot::channel();
        if self.barriers_tx.send(reached_tx).is_ok() {
            // Fails only while the kernel shuts down.
            let _ = reached.await;
        }
    }

    async fn abort(&self, request: &Request) {
        let aborted = async { execute::aborted(&self.dispatcher.context) };
        self.dispatcher.bracket(request, aborted).await;
    }
}
