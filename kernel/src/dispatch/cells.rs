//! The queue of cells: which of them begin, and which are aborted.
//!
//! Cells begin in the order in which they were sent. An ordinary cell waits until the one before it has ended; a
//! concurrent one (see [`Lanes`](crate::lanes::Lanes)) waits for no end, and nothing waits for its end.
//!
//! A front end that runs all cells sends them at once. When one fails, those that were sent by then must not run,
//! and those that are sent in answer to the failure must. So before the reply of a failed cell goes out, the shell
//! task receives everything that has arrived, and says which cell came last; those that still wait up to that one are
//! aborted after the reply. A concurrent cell that fails aborts nothing: nothing waits for it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot};

use super::bracket::Dispatcher;
use super::poll_once;
use crate::cell::directive;
use crate::requests::{Request, execute};

/// Answered by the shell task with how many cells have arrived, when it has queued all of them.
pub(crate) type Barrier = oneshot::Sender<u64>;

/// A cell that waits, and which one it is of all that were sent.
struct Waiting {
    number: u64,
    request: Request,
}

/// What follows from the end of a cell.
struct Ended {
    is_concurrent: bool,
    /// Cells up to this number are not to be tried.
    aborts: Option<u64>,
}

type Running = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// The task that runs cells.
pub(crate) struct Cells {
    dispatcher: Arc<Dispatcher>,
    queue: mpsc::UnboundedReceiver<Request>,
    barriers_tx: mpsc::UnboundedSender<Barrier>,
    arrived: u64,
    waiting: VecDeque<Waiting>,
    running: FuturesUnordered<Running>,
    /// Whether an ordinary cell runs.
    lane_is_taken: bool,
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
            arrived: 0,
            waiting: VecDeque::new(),
            running: FuturesUnordered::new(),
            lane_is_taken: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let lanes = Arc::clone(&self.dispatcher.context.lanes);
        loop {
            tokio::select! {
                request = self.queue.recv() => match request {
                    Some(request) => self.arrive(request),
                    None => return,
                },
                Some(ended) = self.running.next() => self.end(ended).await,
                () = lanes.changed() => {}
            }
            self.begin().await;
        }
    }

    fn arrive(&mut self, request: Request) {
        self.arrived += 1;
        let number = self.arrived;
        self.waiting.push_back(Waiting { number, request });
    }

    /// Begins the cells that need not wait.
    async fn begin(&mut self) {
        while let Some(Waiting { request, .. }) = self.waiting.front() {
            let is_concurrent = self.is_concurrent(request);
            if self.lane_is_taken && !is_concurrent {
                return;
            }
            self.lane_is_taken |= !is_concurrent;
            let Some(Waiting { request, .. }) = self.waiting.pop_front() else {
                return;
            };
            let (dispatcher, barriers_tx) =
                (Arc::clone(&self.dispatcher), self.barriers_tx.clone());
            let mut cell: Running =
                Box::pin(run_cell(dispatcher, barriers_tx, request, is_concurrent));
            // Up to where Python has it, so that Python gets them in order.
            match poll_once(cell.as_mut()).await {
                Poll::Ready(ended) => self.end(ended).await,
                Poll::Pending => self.running.push(cell),
            }
        }
    }

    fn is_concurrent(&self, request: &Request) -> bool {
        self.dispatcher.context.lanes.are_concurrent() || says_concurrent(request)
    }

    async fn end(&mut self, ended: Ended) {
        self.lane_is_taken &= ended.is_concurrent;
        let Some(last) = ended.aborts else { return };
        while let Ok(request) = self.queue.try_recv() {
            self.arrive(request);
        }
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.number <= last) {
            let aborted = async { execute::aborted(&self.dispatcher.context) };
            self.dispatcher.bracket(&waiting.request, aborted).await;
        }
    }
}

/// Whether the first line of the cell says that it runs beside others.
fn says_concurrent(request: &Request) -> bool {
    let code = request.message.content.get("code");
    code.and_then(serde_json::Value::as_str)
        .is_some_and(|code| directive(code).is_some())
}

async fn run_cell(
    dispatcher: Arc<Dispatcher>,
    barriers_tx: mpsc::UnboundedSender<Barrier>,
    request: Request,
    is_concurrent: bool,
) -> Ended {
    let mut aborts = None;
    let cell = async {
        let context = &dispatcher.context;
        let executed = {
            let _in_lane = context.lanes.enter();
            execute::handle(context, &request, is_concurrent).await
        };
        if executed.aborts_queue && !is_concurrent {
            aborts = everything_sent(&barriers_tx).await;
        }
        executed.answer
    };
    dispatcher.bracket(&request, cell).await;
    Ended {
        is_concurrent,
        aborts,
    }
}

/// How many cells had been sent by now. `None` while the kernel shuts down.
async fn everything_sent(barriers_tx: &mpsc::UnboundedSender<Barrier>) -> Option<u64> {
    let (reached_tx, reached) = oneshot::channel();
    barriers_tx.send(reached_tx).ok()?;
    reached.await.ok()
}
