//! What goes to iopub: one queue that any thread fills and one writer empties.
//!
//! The rules (a front end sees everything, in order, and cannot hold anybody up):
//!
//! - Nothing is dropped and nothing overtakes. Publishing is a push and a wake.
//! - Text of one parent and one stream that is still in the queue is joined, so that a flood of prints becomes few
//!   large messages. Text behind which nothing waits stays for [`queue::HOLD`], since more of it is likely to come: `print`
//!   writes a line and its end apart, and front ends (jupyter_server above all) cut off a kernel that sends a
//!   thousand messages a second. What says that a cell begins may wait as well ([`Wait::Company`]): most cells
//!   are over by then, and what is told of them goes in one piece. Whatever else is published next, and every barrier,
//!   lets it go at once. The same holds for `busy` of every request.
//! - The idle of a request that is no cell waits until its reply is with the socket ([`Wait::Reply`]), so that who has
//!   the reply and then looks for the idle finds it. With several such requests at once the reply of one may let go the
//!   idle of another.
//! - One text of any size is messages of [`JOIN_LIMIT`] bytes, too.
//! - Above [`HIGH_WATER`] a producer waits, so that memory is bounded. The writer takes care that this ends (see
//!   `sockets::iopub`); threads of the I/O runtime never wait, since one of them runs the writer.
//! - [`Outbox::flush`] and [`Outbox::after`] are barriers in the queue, not delays.

mod feed;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::content::status::{ExecutionState, Status};
use everloop_protocol::content::stream::StreamName;
use everloop_protocol::{ParentHeader, Session};
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

pub use self::feed::{Feed, Outgoing};
pub use self::queue::Wait;
use self::queue::{Item, JOIN_LIMIT, Queue};

/// Bytes in the queue above which producers wait.
const HIGH_WATER: usize = 8 << 20;
/// No single call waits longer than this, whatever happens.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

thread_local! {
    static MAY_WAIT: std::cell::Cell<bool> = const { std::cell::Cell::new(true) };
}

/// Marks the calling thread as one that must never wait for front ends. For the threads of the I/O runtime.
pub fn never_wait_on_this_thread() {
    MAY_WAIT.set(false);
}

/// A message to publish, with everything that can be chosen.
pub struct Publication<'a> {
    pub parent: &'a ParentHeader,
    pub msg_type: &'a str,
    /// JSON, as `content`.
    pub metadata: Bytes,
    pub content: Bytes,
    pub buffers: Vec<Bytes>,
    pub wait: Wait,
}

/// Metadata that says nothing.
pub const NOTHING: Bytes = Bytes::from_static(b"{}");

/// Publishes on iopub, from any thread.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    session: Session,
    queue: Mutex<Queue>,
    /// Wakes the writer.
    wake: Notify,
    /// Wakes producers that wait for room.
    room: Condvar,
}

impl Outbox {
    /// An outbox and the end that the writer owns.
    #[must_use]
    pub fn new(session: Session) -> (Self, Feed) {
        let shared = Arc::new(Shared {
            session,
            queue: Mutex::default(),
            wake: Notify::new(),
            room: Condvar::new(),
        });
        let feed = Feed {
            shared: Arc::clone(&shared),
            alarm: None,
        };
        (Self { shared }, feed)
    }

    /// Publishes a message. `content` is serialised at once, on this thread.
    pub fn publish(&self, parent: &ParentHeader, msg_type: &str, content: impl Serialize) {
        if let Some(publication) = simple(parent, msg_type, content) {
            self.publish_with(publication);
        }
    }

    /// Publishes a `status`. Never waits for room, on any thread: there are two for a request, of a few bytes.
    pub fn status(&self, parent: &ParentHeader, execution_state: ExecutionState, wait: Wait) {
        let content = Status { execution_state };
        if let Some(message) = simple(parent, "status", content) {
            let message = Publication { wait, ..message };
            self.push(self.shared.lock(), message.into());
        }
    }

    /// A reply is with its socket, or will never be: what waits for one goes.
    pub fn replied(&self) {
        let found = self.shared.lock().let_go_of_idles();
        if found {
            self.shared.wake.notify_one();
        }
    }

    /// Publishes a message with metadata and buffers.
    pub fn publish_with(&self, publication: Publication<'_>) {
        let item = publication.into();
        self.push(self.shared.with_room(), item);
    }

    /// Puts an item at the end of the queue, and wakes the writer if it is not to wait for it already.
    fn push(&self, mut queue: MutexGuard<'_, Queue>, item: Item) {
        let wakes = queue.items.is_empty() || item.is_urgent();
        queue.push(item);
        drop(queue);
        if wakes {
            self.shared.wake.notify_one();
        }
    }

    /// Publishes text of stdout or stderr. Empty text is nothing.
    pub fn stream(&self, parent: &ParentHeader, name: StreamName, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(rest.floor_char_boundary(JOIN_LIMIT));
            self.stream_piece(parent, name, piece);
            rest = others;
        }
    }

    /// As [`Outbox::stream`] if that need not wait; false, and nothing done, if it had to.
    pub fn stream_if_room(&self, parent: &ParentHeader, name: StreamName, text: &str) -> bool {
        let queue = self.shared.lock();
        let has_room = queue.bytes < HIGH_WATER && text.len() <= JOIN_LIMIT;
        if has_room && !text.is_empty() {
            self.add_text(queue, parent, name, text);
        }
        has_room
    }

    fn stream_piece(&self, parent: &ParentHeader, name: StreamName, text: &str) {
        self.add_text(self.shared.with_room(), parent, name, text);
    }

    fn add_text(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        parent: &ParentHeader,
        name: StreamName,
        text: &str,
    ) {
        if let Some(Item::Stream {
            parent: last_parent,
            name: last_name,
            text: joined,
            ..
        }) = queue.items.back_mut()
            && joined.len() < JOIN_LIMIT
            && *last_name == name
            && last_parent == parent
        {
            joined.push_str(text);
            let is_full = joined.len() >= JOIN_LIMIT;
            queue.bytes += text.len();
            // Before the limit the writer knows of it already.
            if is_full {
                queue.urgent += 1;
                drop(queue);
                self.shared.wake.notify_one();
            }
            return;
        }
        let item = Item::Stream {
            parent: parent.clone(),
            name,
            text: text.to_owned(),
            since: Instant::now(),
        };
        self.push(queue, item);
    }

    /// Returns when everything published before is on its way to every subscriber.
    pub async fn flush(&self) {
        let (done_tx, done_rx) = oneshot::channel();
        self.after(move || {
            let _ = done_tx.send(());
        });
        let _ = done_rx.await;
    }

    /// [`Outbox::flush`] for threads that are not asynchronous; waits at most `limit`.
    pub fn flush_blocking(&self, limit: Duration) {
        let (done_tx, done_rx) = std::sync::mpsc::channel();
        self.after(move || {
            let _ = done_tx.send(());
        });
        let _ = done_rx.recv_timeout(limit);
    }

    /// Calls `then` when everything published before is on its way to every subscriber, on a thread of the I/O runtime;
    /// at once when nothing is published any more.
    pub fn after(&self, then: impl FnOnce() + Send + 'static) {
        let queue = self.shared.lock();
        if queue.closed {
            drop(queue);
            then();
            return;
        }
        self.push(queue, Item::Barrier(Box::new(then)));
    }
}

/// A message of which nothing is to be chosen; None, and a line in the log, if its content is not JSON.
fn simple<'a>(
    parent: &'a ParentHeader,
    msg_type: &'a str,
    content: impl Serialize,
) -> Option<Publication<'a>> {
    let content = serde_json::to_vec(&content)
        .inspect_err(|error| {
            tracing::error!(msg_type, %error, "cannot publish: content is not JSON");
        })
        .ok()?;
    Some(Publication {
        parent,
        msg_type,
        metadata: NOTHING,
        content: content.into(),
        buffers: Vec::new(),
        wait: Wait::No,
    })
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue, once there is room in it or this thread may not wait any longer.
    fn with_room(&self) -> MutexGuard<'_, Queue> {
        let queue = self.lock();
        if queue.bytes < HIGH_WATER || queue.closed || !MAY_WAIT.get() {
            return queue;
        }
        self.room
            .wait_timeout_while(queue, LONGEST_WAIT, |queue| {
                queue.bytes >= HIGH_WATER && !queue.closed
            })
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}
