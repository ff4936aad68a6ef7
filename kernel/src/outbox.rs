//! What goes to iopub: one queue that any thread fills and one writer empties.
//!
//! The rules (a front end sees everything, in order, and cannot hold anybody up):
//!
//! - Nothing is dropped and nothing overtakes. Publishing is a push and a wake.
//! - Text of one parent and one stream that is still in the queue is joined, so that a flood of prints becomes few
//!   large messages. Text behind which nothing waits is also held for [`HOLD`] after the stream message before it:
//!   front ends (jupyter_server above all) cut off a kernel that sends a thousand messages a second. An unfinished line
//!   is held as long from its own beginning, since `print` writes a line and its end one after the other. Whatever is
//!   published next, and every barrier, lets it go at once.
//! - Above [`HIGH_WATER`] a producer waits, so that memory is bounded. The writer takes care that this ends (see
//!   `sockets::iopub`); threads of the I/O runtime never wait, since one of them runs the writer.
//! - [`Outbox::flush`] is a barrier in the queue, not a delay.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::content::stream::{Stream, StreamName};
use everloop_protocol::{ParentHeader, Session};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio::sync::{Notify, oneshot};

/// Text of one stream message, at most about this many bytes.
const JOIN_LIMIT: usize = 256 * 1024;
/// The shortest time between two stream messages when nothing else is published.
const HOLD: Duration = Duration::from_millis(10);
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
    pub metadata: Value,
    pub content: Value,
    pub buffers: Vec<Bytes>,
}

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

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Bytes of text, content and buffers in `items`.
    bytes: usize,
    last_stream: Option<Instant>,
    /// The writer is gone: nobody will read, nobody may wait.
    closed: bool,
    /// Nothing is held any more.
    released: bool,
}

enum Item {
    Stream {
        parent: ParentHeader,
        name: StreamName,
        text: String,
        began: Instant,
    },
    Message {
        parent: ParentHeader,
        msg_type: String,
        metadata: Value,
        content: Box<RawValue>,
        buffers: Vec<Bytes>,
    },
    Barrier(Box<dyn FnOnce() + Send>),
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
        };
        (Self { shared }, feed)
    }

    /// Publishes a message. `content` is serialised at once, on this thread.
    pub fn publish(&self, parent: &ParentHeader, msg_type: &str, content: impl Serialize) {
        self.enqueue(
            parent,
            msg_type,
            Value::Object(Map::new()),
            &content,
            Vec::new(),
        );
    }

    /// Publishes a message with metadata and buffers.
    pub fn publish_with(&self, publication: Publication<'_>) {
        self.enqueue(
            publication.parent,
            publication.msg_type,
            publication.metadata,
            &publication.content,
            publication.buffers,
        );
    }

    /// Publishes text of stdout or stderr. Empty text is nothing.
    pub fn stream(&self, parent: &ParentHeader, name: StreamName, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut guard = self.shared.with_room();
        let queue = &mut *guard;
        queue.bytes += text.len();
        match queue.items.back_mut() {
            Some(Item::Stream {
                parent: last_parent,
                name: last_name,
                text: joined,
                ..
            }) if joined.len() < JOIN_LIMIT && *last_name == name && last_parent == parent => {
                let finished = !joined.ends_with('\n') && text.ends_with('\n');
                joined.push_str(text);
                // Otherwise the writer knows of it already, and when it may go.
                let wanted =
                    finished && queue.last_stream.is_none_or(|last| last.elapsed() >= HOLD);
                if joined.len() < JOIN_LIMIT && !wanted {
                    return;
                }
            }
            _ => queue.items.push_back(Item::Stream {
                parent: parent.clone(),
                name,
                text: text.to_owned(),
                began: Instant::now(),
            }),
        }
        drop(guard);
        self.shared.wake.notify_one();
    }

    /// Returns when everything published before is on its way to every subscriber.
    pub async fn flush(&self) {
        let (done_tx, done_rx) = oneshot::channel();
        let done = move || {
            let _ = done_tx.send(());
        };
        if self.barrier(done) {
            let _ = done_rx.await;
        }
    }

    /// [`Outbox::flush`] for threads that are not asynchronous; waits at most `limit`.
    pub fn flush_blocking(&self, limit: Duration) {
        let (done_tx, done_rx) = std::sync::mpsc::channel();
        let done = move || {
            let _ = done_tx.send(());
        };
        if self.barrier(done) {
            let _ = done_rx.recv_timeout(limit);
        }
    }

    /// Puts `done` behind everything published so far. False when there is nobody who would call it.
    fn barrier(&self, done: impl FnOnce() + Send + 'static) -> bool {
        let mut queue = self.shared.lock();
        if queue.closed {
            return false;
        }
        queue.items.push_back(Item::Barrier(Box::new(done)));
        drop(queue);
        self.shared.wake.notify_one();
        true
    }

    fn enqueue(
        &self,
        parent: &ParentHeader,
        msg_type: &str,
        metadata: Value,
        content: &impl Serialize,
        buffers: Vec<Bytes>,
    ) {
        let content = match to_raw_value(content) {
            Ok(content) => content,
            Err(error) => {
                tracing::error!(msg_type, %error, "cannot publish: content is not JSON");
                return;
            }
        };
        let bytes = content.get().len() + buffers.iter().map(Bytes::len).sum::<usize>();
        let mut queue = self.shared.with_room();
        queue.bytes += bytes;
        queue.items.push_back(Item::Message {
            parent: parent.clone(),
            msg_type: msg_type.to_owned(),
            metadata,
            content,
            buffers,
        });
        drop(queue);
        self.shared.wake.notify_one();
    }
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

/// The writer's end of the outbox.
pub struct Feed {
    shared: Arc<Shared>,
}

/// What the writer gets out of the queue.
pub(crate) enum Outgoing {
    /// Frames, the topic in front.
    Message(Vec<Bytes>),
    /// To be called when everything before it is on its way.
    Barrier(Box<dyn FnOnce() + Send>),
    /// Could not be encoded, which is in the log.
    Failed,
}

impl Feed {
    /// Waits until there is something to take.
    pub(crate) async fn ready(&self) {
        loop {
            let held_until = match self.shared.lock().state() {
                State::Ready => return,
                State::Held(until) => Some(until),
                State::Empty => None,
            };
            let wake = self.shared.wake.notified();
            match held_until {
                // The end of HOLD is a deadline, not a guess: text may go then even if nothing else comes.
                Some(until) => drop(tokio::time::timeout_at(until.into(), wake).await),
                None => wake.await,
            }
        }
    }

    /// Takes and encodes the oldest item, if there is one that may go now.
    pub(crate) fn take(&self) -> Option<Outgoing> {
        let mut queue = self.shared.lock();
        if !matches!(queue.state(), State::Ready) {
            return None;
        }
        let item = queue.items.pop_front()?;
        let was_full = queue.bytes >= HIGH_WATER;
        queue.bytes -= item.size();
        if matches!(item, Item::Stream { .. }) {
            queue.last_stream = Some(Instant::now());
        }
        let room = was_full && queue.bytes < HIGH_WATER;
        drop(queue);
        if room {
            self.shared.room.notify_all();
        }
        Some(self.encode(item))
    }

    /// From now on nothing is held: the kernel exits.
    pub(crate) fn release(&self) {
        self.shared.lock().released = true;
    }

    /// Encodes a message that is not in the queue, for the welcome.
    pub(crate) fn encode_message(
        &self,
        topic: Bytes,
        msg_type: &str,
        content: &impl Serialize,
    ) -> Option<Vec<Bytes>> {
        let metadata = Map::<String, Value>::new();
        let none = ParentHeader::none();
        let session = &self.shared.session;
        session
            .encode(&[topic], msg_type, &none, &metadata, content, &[])
            .inspect_err(|error| tracing::error!(%error, "cannot publish a message"))
            .ok()
    }

    fn encode(&self, item: Item) -> Outgoing {
        let session = &self.shared.session;
        let frames = match item {
            Item::Barrier(done) => return Outgoing::Barrier(done),
            Item::Stream {
                parent, name, text, ..
            } => {
                let topic = Bytes::from(format!("stream.{}", name.as_str()));
                let content = Stream { name, text };
                let metadata = Map::<String, Value>::new();
                session.encode(&[topic], "stream", &parent, &metadata, &content, &[])
            }
            Item::Message {
                parent,
                msg_type,
                metadata,
                content,
                buffers,
            } => {
                let topic = Bytes::from(format!("kernel.{}.{msg_type}", session.id()));
                session.encode(&[topic], &msg_type, &parent, &metadata, &content, &buffers)
            }
        };
        match frames {
            Ok(frames) => Outgoing::Message(frames),
            Err(error) => {
                tracing::error!(%error, "cannot publish a message");
                Outgoing::Failed
            }
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        // Barriers end by being dropped.
        queue.items.clear();
        queue.bytes = 0;
        drop(queue);
        self.shared.room.notify_all();
    }
}

enum State {
    Empty,
    Ready,
    Held(Instant),
}

impl Queue {
    fn state(&self) -> State {
        match (self.items.front(), self.items.len()) {
            (None, _) => State::Empty,
            (Some(Item::Stream { text, began, .. }), 1) if text.len() < JOIN_LIMIT => {
                let line = (!text.ends_with('\n')).then(|| *began + HOLD);
                let held_until = self.last_stream.map(|last| last + HOLD).max(line);
                match held_until {
                    Some(until) if !self.released && until > Instant::now() => State::Held(until),
                    _ => State::Ready,
                }
            }
            _ => State::Ready,
        }
    }
}

impl Item {
    fn size(&self) -> usize {
        match self {
            Self::Stream { text, .. } => text.len(),
            Self::Message {
                content, buffers, ..
            } => content.get().len() + buffers.iter().map(Bytes::len).sum::<usize>(),
            Self::Barrier(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> (Outbox, Feed, Session) {
        let session = Session::new(b"", "").unwrap();
        let (outbox, feed) = Outbox::new(session.clone());
        (outbox, feed, session)
    }

    fn text(session: &Session, outgoing: Option<Outgoing>) -> Option<Value> {
        match outgoing? {
            Outgoing::Message(frames) => {
                Some(session.decode(frames).unwrap().content["text"].clone())
            }
            _ => None,
        }
    }

    #[test]
    fn a_line_and_its_end_are_one_message() {
        let (outbox, feed, session) = outbox();
        let parent = ParentHeader::none();
        outbox.stream(&parent, StreamName::Stdout, "line");
        assert!(feed.take().is_none());
        outbox.stream(&parent, StreamName::Stdout, "\n");
        assert_eq!(text(&session, feed.take()).unwrap(), "line\n");
    }

    #[tokio::test]
    async fn an_unfinished_line_goes_without_its_end_too() {
        let (outbox, feed, session) = outbox();
        outbox.stream(&ParentHeader::none(), StreamName::Stdout, "progress");
        feed.ready().await;
        assert_eq!(text(&session, feed.take()).unwrap(), "progress");
    }

    #[test]
    fn whatever_follows_lets_an_unfinished_line_go() {
        let (outbox, feed, session) = outbox();
        outbox.stream(&ParentHeader::none(), StreamName::Stdout, "before");
        outbox.publish(&ParentHeader::none(), "display_data", ());
        assert_eq!(text(&session, feed.take()).unwrap(), "before");
    }
}
