//! The queue of cells: which of them begin, and which are aborted.
//!
//! Cells begin in the order in which they were sent. An ordinary cell waits until the one before it has ended; a
//! concurrent one (see [`Lanes`](crate::lanes::Lanes)) waits for no end, and nothing waits for its end.
//!
//! The queue is no task: who brings a cell begins it, and the thread of Python, which ends one, begins the next, while
//! the I/O runtime still writes what the first has said.
//!
//! A front end that runs all cells sends them at once. When one fails, those that were sent by then must not run,
//! and those that are sent in answer to the failure must. So before the reply of a failed cell goes out, the shell
//! task receives everything that has arrived, and says which cell came last; those that still wait up to that one are
//! aborted after the reply. A concurrent cell that fails aborts nothing: nothing waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::bracket::{Dispatcher, catch_panic_now};
use crate::cell::directive;
use crate::lanes::InLane;
use crate::outbox::Wait;
use crate::requests::execute::{self, Executed, Execution};
use crate::requests::{Answer, Context, Request};

/// Answered by the shell task with how many cells have arrived, when it has queued all of them.
pub(crate) type Barrier = oneshot::Sender<u64>;

/// The cells that wait, and what they wait for.
pub(crate) struct Cells {
    dispatcher: Arc<Dispatcher>,
    barriers_tx: mpsc::UnboundedSender<Barrier>,
    io: Handle,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    arrived: u64,
    waiting: VecDeque<Waiting>,
    /// Whether an ordinary cell runs.
    lane_is_taken: bool,
}

/// A cell that waits, and which one it is of all that were sent.
struct Waiting {
    number: u64,
    request: Request,
}

impl Cells {
    /// To be called in the I/O runtime.
    pub(crate) fn new(
        dispatcher: Arc<Dispatcher>,
        barriers_tx: mpsc::UnboundedSender<Barrier>,
    ) -> Self {
        Self {
            dispatcher,
            barriers_tx,
            io: Handle::current(),
            queue: Mutex::default(),
        }
    }

    /// How many cells have arrived.
    pub(super) fn arrived(&self) -> u64 {
        self.queue().arrived
    }

    pub(super) fn arrive(self: &Arc<Self>, request: Request) {
        let mut queue = self.queue();
        queue.arrived += 1;
        let number = queue.arrived;
        queue.waiting.push_back(Waiting { number, request });
        self.begin(queue);
    }

    /// Begins what need not wait any more whenever the lanes change.
    pub(crate) async fn follow_lanes(self: Arc<Self>) {
        loop {
            self.context().lanes.changed().await;
            self.begin(self.queue());
        }
    }

    /// Begins the cells that need not wait. Under the lock, so that Python gets them in order: nothing in here waits.
    fn begin(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        while let Some(Waiting { request, .. }) = queue.waiting.front() {
            let is_concurrent = self.context().lanes.are_concurrent() || says_concurrent(request);
            if queue.lane_is_taken && !is_concurrent {
                return;
            }
            let Some(Waiting { request, .. }) = queue.waiting.pop_front() else {
                return;
            };
            let begins = self.begin_cell(request, is_concurrent);
            queue.lane_is_taken |= begins && !is_concurrent;
        }
    }

    /// Hands a cell to Python; false if it was no cell, and has been told so.
    fn begin_cell(self: &Arc<Self>, request: Request, is_concurrent: bool) -> bool {
        let (context, dispatcher) = (self.context(), &self.dispatcher);
        let open = context.open.token();
        dispatcher.say_busy(&request);
        match execute::execution(&request, is_concurrent) {
            Ok(execution) => {
                let running = Running {
                    cells: Arc::clone(self),
                    request,
                    is_concurrent,
                    in_lane: context.lanes.enter(),
                    open,
                };
                begin_execution(context, execution, running);
                true
            }
            Err(error) => {
                end_behind_output(Arc::clone(dispatcher), request, open, |_| Err(error));
                false
            }
        }
    }

    /// Takes out the cells that are not to be tried, up to this number, and answers them so.
    async fn abort(&self, last: u64) {
        loop {
            let aborted = self
                .queue()
                .waiting
                .pop_front_if(|waiting| waiting.number <= last);
            let Some(Waiting { request, .. }) = aborted else {
                return;
            };
            let answer = async { execute::aborted(self.context()) };
            self.dispatcher.bracket(&request, answer).await;
        }
    }

    /// How many cells had been sent by now. `None` while the kernel shuts down.
    async fn everything_sent(&self) -> Option<u64> {
        let (reached_tx, reached) = oneshot::channel();
        self.barriers_tx.send(reached_tx).ok()?;
        reached.await.ok()
    }

    fn context(&self) -> &Arc<Context> {
        &self.dispatcher.context
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin_execution(context: &Context, execution: Execution, running: Running) {
    let Execution {
        cell,
        started,
        stops_on_error,
    } = execution;
    context.interpreter.begin_cell(cell, move |outcome| {
        running.end(Executed {
            outcome,
            started,
            stops_on_error,
        });
    });
}

/// Says idle, and replies when all output before is on its way: a client may stop listening when it has the reply. So
/// replies are in the order of the ends.
fn end_behind_output(
    dispatcher: Arc<Dispatcher>,
    request: Request,
    open: TaskTrackerToken,
    answer: impl FnOnce(&Context) -> Answer + Send + 'static,
) {
    let outbox = dispatcher.context.outbox.clone();
    let (idle, parent) = (request.idle.clone(), request.parent.clone());
    outbox.after(move || {
        let answer = catch_panic_now(|| answer(&dispatcher.context));
        let then = dispatcher.reply(&request, answer);
        dispatcher.follow(then);
        drop(open);
    });
    idle.say(&outbox, &parent, Wait::No);
}

/// Whether the first line of the cell says that it runs beside others.
fn says_concurrent(request: &Request) -> bool {
    let code = request.message.content.get("code");
    code.and_then(serde_json::Value::as_str)
        .is_some_and(|code| directive(code).is_some())
}

/// A cell that Python has: busy is said, the reply is owed.
struct Running {
    cells: Arc<Cells>,
    request: Request,
    is_concurrent: bool,
    in_lane: InLane,
    open: TaskTrackerToken,
}

impl Running {
    /// On the thread that ended the cell, which is Python's, if nothing extraordinary has happened.
    fn end(self, executed: Executed) {
        if executed.aborts_queue() && !self.is_concurrent {
            let io = self.cells.io.clone();
            drop(io.spawn(self.end_with_abort(executed)));
        } else {
            self.end_and_go_on(executed);
        }
    }

    fn end_and_go_on(self, executed: Executed) {
        let Self {
            cells,
            request,
            is_concurrent,
            in_lane,
            open,
        } = self;
        drop(in_lane);
        let dispatcher = Arc::clone(&cells.dispatcher);
        end_behind_output(dispatcher, request, open, |context| {
            executed.answer(context)
        });
        let mut queue = cells.queue();
        queue.lane_is_taken &= is_concurrent;
        cells.begin(queue);
    }

    async fn end_with_abort(self, executed: Executed) {
        let Self {
            cells,
            request,
            in_lane,
            open: _open,
            ..
        } = self;
        drop(in_lane);
        let (dispatcher, context) = (&cells.dispatcher, cells.context());
        context.outbox.flush().await;
        let last = cells.everything_sent().await;
        let answer = catch_panic_now(|| executed.answer(context));
        dispatcher.end(&request, answer);
        if let Some(last) = last {
            cells.abort(last).await;
        }
        let mut queue = cells.queue();
        queue.lane_is_taken = false;
        cells.begin(queue);
    }
}
