//! What goes to iopub: one queue that any thread fills and one writer empties.
//!
//! The rules (a front end sees everything, in order, and cannot hold anybody up):
//!
//! - Nothing is dropped and nothing overtakes. Publishing is a push and a wake.
//! - Text of one parent and one stream that is still in the queue is joined, so that a flood of prints becomes few
//!   large messages. Text behind which nothing waits stays for [`HOLD`], since more of it is likely to come: `print`
//!   writes a line and its end apart, and front ends (jupyter_server above all) cut off a kernel that sends a
//!   thousand messages a second. What says that a cell begins may wait as well ([`Outbox::publish_soon`]): most cells
//!   are over by then, and what is told of them goes in one piece. Whatever else is published next, and every barrier,
//!   lets it go at once.
//! - One text of any size is messages of [`JOIN_LIMIT`] bytes, too.
//! - Above [`HIGH_WATER`] a producer waits, so that memory is bounded. The writer takes care that this ends (see
//!   `sockets::iopub`); threads of the I/O runtime never wait, since one of them runs the writer.
//! - [`Outbox::flush`] is a barrier in the queue, not a delay.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::content::stream::StreamName;
use everloop_protocol::json::push_string;
use everloop_protocol::{ParentHeader, Session};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::{Notify, oneshot};

/// Text of one stream message, at most about this many bytes.
const JOIN_LIMIT: usize = 256 * 1024;
/// How long text and beginnings may wait for what follows. Shorter than anybody notices.
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
    /// JSON, as `content`.
    pub metadata: Bytes,
    pub content: Bytes,
    pub buffers: Vec<Bytes>,
    /// Whether nobody minds when it comes a little later, together with what follows.
    pub may_wait: bool,
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

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// How many of `items` may not be held.
    urgent: usize,
    /// Bytes of text, content and buffers in `items`.
    bytes: usize,
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
        /// When the first of it was written.
        since: Instant,
    },
    Message {
        parent: ParentHeader,
        msg_type: String,
        metadata: Bytes,
        content: Bytes,
        buffers: Vec<Bytes>,
        may_wait: bool,
        /// When it was published.
        since: Instant,
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
        self.publish_content(parent, msg_type, content, false);
    }

    /// As [`Outbox::publish`], of a message that may wait for what follows.
    pub fn publish_soon(&self, parent: &ParentHeader, msg_type: &str, content: impl Serialize) {
        self.publish_content(parent, msg_type, content, true);
    }

    fn publish_content(
        &self,
        parent: &ParentHeader,
        msg_type: &str,
        content: impl Serialize,
        may_wait: bool,
    ) {
        match serde_json::to_vec(&content) {
            Ok(content) => self.publish_with(Publication {
                parent,
                msg_type,
                metadata: NOTHING,
                content: content.into(),
                buffers: Vec::new(),
                may_wait,
            }),
            Err(error) => {
                tracing::error!(msg_type, %error, "cannot publish: content is not JSON");
            }
        }
    }

    /// Publishes a message with metadata and buffers.
    pub fn publish_with(&self, publication: Publication<'_>) {
        let item = Item::Message {
            parent: publication.parent.clone(),
            msg_type: publication.msg_type.to_owned(),
            metadata: publication.metadata,
            content: publication.content,
            buffers: publication.buffers,
            may_wait: publication.may_wait,
            since: Instant::now(),
        };
        self.push(self.shared.with_room(), item);
    }

    /// Puts an item at the end of the queue, and wakes the writer if it is not to wait for it already.
    fn push(&self, mut queue: MutexGuard<'_, Queue>, item: Item) {
        let wakes = queue.items.is_empty() || item.is_urgent();
        queue.bytes += item.size();
        queue.urgent += usize::from(item.is_urgent());
        queue.items.push_back(item);
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
        let queue = self.shared.lock();
        if queue.closed {
            return false;
        }
        self.push(queue, Item::Barrier(Box::new(done)));
        true
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
pub enum Outgoing {
    /// Frames, the topic in front, and whose they are.
    Message(ParentHeader, Vec<Bytes>),
    /// To be called when everything before it is on its way.
    Barrier(Box<dyn FnOnce() + Send>),
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

    /// Takes and encodes the oldest item, if there is one and it is not text that may become more.
    pub fn take(&self) -> Option<Outgoing> {
        let mut queue = self.shared.lock();
        if queue.only_waits_for_text() {
            return None;
        }
        let item = queue.items.pop_front()?;
        let was_full = queue.bytes >= HIGH_WATER;
        queue.bytes -= item.size();
        queue.urgent -= usize::from(item.is_urgent());
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

    /// Encodes a message that is not in the queue, for one subscriber.
    pub(crate) fn encode_message(
        &self,
        topic: Bytes,
        msg_type: &str,
        parent: &ParentHeader,
        content: &impl Serialize,
    ) -> Option<Vec<Bytes>> {
        let metadata = Map::<String, Value>::new();
        let session = &self.shared.session;
        session
            .encode(&[topic], msg_type, parent, &metadata, content, &[])
            .inspect_err(|error| tracing::error!(%error, "cannot publish a message"))
            .ok()
    }

    fn encode(&self, item: Item) -> Outgoing {
        let session = &self.shared.session;
        match item {
            Item::Barrier(done) => Outgoing::Barrier(done),
            Item::Stream {
                parent, name, text, ..
            } => {
                let topic = Bytes::from(format!("stream.{}", name.as_str()));
                let content = stream_content(name, &text);
                let frames =
                    session.encode_json(&[topic], "stream", &parent, NOTHING, content, &[]);
                Outgoing::Message(parent, frames)
            }
            Item::Message {
                parent,
                msg_type,
                metadata,
                content,
                buffers,
                ..
            } => {
                let topic = Bytes::from(format!("kernel.{}.{msg_type}", session.id()));
                let frames =
                    session.encode_json(&[topic], &msg_type, &parent, metadata, content, &buffers);
                Outgoing::Message(parent, frames)
            }
        }
    }
}

/// The content of a `stream` message, a [`Stream`](everloop_protocol::content::stream::Stream).
fn stream_content(name: StreamName, text: &str) -> Bytes {
    // Lines are short, and the end of each needs an escape.
    let mut content = Vec::with_capacity(text.len() + text.len() / 4 + 64);
    content.extend_from_slice(br#"{"name":""#);
    content.extend_from_slice(name.as_str().as_bytes());
    content.extend_from_slice(br#"","text":"#);
    push_string(&mut content, text);
    content.push(b'}');
    content.into()
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        // Barriers end by being dropped.
        queue.items.clear();
        queue.bytes = 0;
        queue.urgent = 0;
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
    /// Whether there is something to take, all of which goes together.
    fn state(&self) -> State {
        let Some(first) = self.items.front() else {
            return State::Empty;
        };
        match first.held_until() {
            Some(until) if self.urgent == 0 && !self.released && Instant::now() < until => {
                State::Held(until)
            }
            _ => State::Ready,
        }
    }

    /// Whether all that is left is text for which there may be more before it has to go.
    fn only_waits_for_text(&self) -> bool {
        match (self.items.front(), self.items.len()) {
            (Some(text @ Item::Stream { .. }), 1) => {
                let until = text.held_until();
                !self.released && until.is_some_and(|until| Instant::now() < until)
            }
            _ => false,
        }
    }
}

impl Item {
    /// Whether it goes at once, and all before it.
    fn is_urgent(&self) -> bool {
        self.held_until().is_none()
    }

    /// Until when it may wait, if it may.
    fn held_until(&self) -> Option<Instant> {
        match self {
            Self::Stream { text, since, .. } if text.len() < JOIN_LIMIT => Some(*since + HOLD),
            Self::Message {
                may_wait: true,
                since,
                ..
            } => Some(*since + HOLD),
            _ => None,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Stream { text, .. } => text.len(),
            Self::Message {
                content, buffers, ..
            } => content.len() + buffers.iter().map(Bytes::len).sum::<usize>(),
            Self::Barrier(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outbox() -> (Outbox, Feed, Session) {
        let session = Session::new(b"key", "hmac-sha256").unwrap();
        let (outbox, feed) = Outbox::new(session.clone());
        (outbox, feed, session)
    }

    fn parent(msg_id: &str) -> ParentHeader {
        ParentHeader::from_json(&json!({"msg_id": msg_id}).to_string()).unwrap()
    }

    /// Everything that may go now: message types, and the text of streams.
    fn taken(feed: &Feed, session: &Session) -> Vec<String> {
        let items = std::iter::from_fn(|| feed.take());
        let names = items.map(|item| match item {
            Outgoing::Message(_, frames) => {
                let message = session.decode(frames).unwrap();
                let text = message.content["text"].as_str().map(str::to_owned);
                text.unwrap_or(message.header.msg_type)
            }
            Outgoing::Barrier(done) => {
                done();
                "barrier".to_owned()
            }
        });
        names.collect()
    }

    #[test]
    fn adjacent_text_of_one_parent_and_stream_is_joined_and_nothing_overtakes() {
        let (outbox, feed, session) = outbox();
        let (one, two) = (parent("1"), parent("2"));
        for (parent, name, text) in [
            (&one, StreamName::Stdout, "a"),
            (&one, StreamName::Stdout, "b\n"),
            (&one, StreamName::Stderr, "c"),
            (&two, StreamName::Stderr, "d"),
            (&two, StreamName::Stderr, ""),
        ] {
            outbox.stream(parent, name, text);
        }
        outbox.publish(&two, "display_data", json!({}));
        outbox.stream(&two, StreamName::Stderr, "e");
        outbox.publish(&two, "status", json!({}));
        let expected = ["ab\n", "c", "d", "display_data", "e", "status"];
        assert_eq!(taken(&feed, &session), expected);
    }

    #[test]
    fn one_large_text_is_many_messages_and_loses_nothing() {
        let (outbox, feed, session) = outbox();
        // Signs of three bytes, so that the limit is in the middle of one.
        let text = "€".repeat(JOIN_LIMIT);
        let parent = parent("1");
        outbox.stream(&parent, StreamName::Stdout, &text);
        outbox.publish(&parent, "status", json!({}));
        let mut taken = taken(&feed, &session);
        assert_eq!(taken.pop().as_deref(), Some("status"));
        assert!(taken.iter().all(|piece| piece.len() < 2 * JOIN_LIMIT));
        assert!(taken.concat() == text);
    }

    #[test]
    fn text_waits_for_more_text_but_not_behind_something_else() {
        let (outbox, feed, session) = outbox();
        let parent = parent("1");
        outbox.stream(&parent, StreamName::Stdout, "line");
        assert!(feed.take().is_none());
        outbox.stream(&parent, StreamName::Stdout, "\n");
        assert!(feed.take().is_none());
        outbox.publish(&parent, "status", json!({}));
        assert_eq!(taken(&feed, &session), ["line\n", "status"]);
    }

    #[tokio::test]
    async fn beginning_waits_for_what_follows_and_not_for_ever() {
        let (outbox, feed, session) = outbox();
        let parent = parent("1");
        let begun = Instant::now();
        outbox.publish_soon(&parent, "status", json!({}));
        outbox.publish_soon(&parent, "execute_input", json!({}));
        assert!(matches!(feed.shared.lock().state(), State::Held(_)));
        outbox.publish(&parent, "display_data", json!({}));
        feed.ready().await;
        let all = ["status", "execute_input", "display_data"];
        assert_eq!(taken(&feed, &session), all);
        outbox.publish_soon(&parent, "status", json!({}));
        feed.ready().await;
        assert_eq!(taken(&feed, &session), ["status"]);
        assert!(begun.elapsed() >= HOLD);
    }

    #[tokio::test]
    async fn text_goes_by_itself_after_a_while() {
        let (outbox, feed, session) = outbox();
        outbox.stream(&parent("1"), StreamName::Stdout, ".");
        feed.ready().await;
        assert_eq!(taken(&feed, &session), ["."]);
    }

    #[tokio::test]
    async fn flush_returns_when_what_was_published_before_is_taken() {
        let (outbox, feed, session) = outbox();
        outbox.stream(&parent("1"), StreamName::Stdout, "text");
        let flushing = tokio::spawn(async move { outbox.flush().await });
        feed.ready().await;
        while !flushing.is_finished() {
            assert!(
                ["text", "barrier"].starts_with(
                    &taken(&feed, &session)
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                )
            );
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn producer_waits_for_room_and_goes_on_when_there_is_some() {
        let (outbox, feed, _) = outbox();
        let flood = std::thread::spawn(move || {
            for number in 0..20 {
                outbox.publish(&parent("1"), "display_data", "x".repeat(1 << 20));
                outbox.stream(&parent("1"), StreamName::Stdout, &number.to_string());
            }
        });
        let mut most = 0;
        while !flood.is_finished() || feed.take().is_some() {
            most = most.max(feed.shared.lock().bytes);
            feed.take();
        }
        flood.join().unwrap();
        assert!(most <= HIGH_WATER + (2 << 20), "{most}");
    }

    #[test]
    fn thread_of_the_io_runtime_never_waits() {
        let (outbox, _feed, _) = outbox();
        let publishes = std::thread::spawn(move || {
            never_wait_on_this_thread();
            let begin = Instant::now();
            for _ in 0..20 {
                outbox.publish(&ParentHeader::none(), "display_data", "x".repeat(1 << 20));
            }
            begin.elapsed()
        });
        assert!(publishes.join().unwrap() < LONGEST_WAIT);
    }

    #[test]
    fn without_a_writer_nobody_waits() {
        let (outbox, feed, _) = outbox();
        drop(feed);
        for _ in 0..20 {
            outbox.publish(&ParentHeader::none(), "display_data", "x".repeat(1 << 20));
        }
        outbox.flush_blocking(LONGEST_WAIT);
    }
}
