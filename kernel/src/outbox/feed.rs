//! The end of the outbox that the writer empties.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;
use everloop_protocol::json::push_string;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, Sleep, sleep_until};

use super::queue::{Item, State};
use super::{HIGH_WATER, NOTHING, Shared};

/// The writer's end of the outbox.
pub struct Feed {
    pub(super) shared: Arc<Shared>,
    /// Set once it is needed, and then left to run out: setting it wakes the driver of the runtime, which costs more than
    /// looking for nothing every now and then.
    pub(super) alarm: Option<Pin<Box<Sleep>>>,
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
    pub(crate) async fn ready(&mut self) {
        loop {
            let state = self.shared.lock().state();
            match state {
                State::Ready => return,
                State::Held(until) => {
                    let alarm = set(&mut self.alarm, until.into());
                    tokio::select! {
                        () = self.shared.wake.notified() => {}
                        // The end of HOLD is a deadline, not a guess: text may go then even if nothing else comes.
                        () = alarm => {}
                    }
                }
                State::Empty => self.shared.wake.notified().await,
            }
        }
    }

    /// Takes and encodes the oldest item, if there is one and it need not wait alone.
    pub fn take(&self) -> Option<Outgoing> {
        let mut queue = self.shared.lock();
        if queue.last_still_waits() {
            return None;
        }
        let was_full = queue.bytes >= HIGH_WATER;
        let item = queue.pop()?;
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

/// An alarm that rings at `until` or before: one that is running stays as it is.
fn set(alarm: &mut Option<Pin<Box<Sleep>>>, until: Instant) -> Pin<&mut Sleep> {
    let mut alarm = alarm
        .get_or_insert_with(|| Box::pin(sleep_until(until)))
        .as_mut();
    if alarm.is_elapsed() || alarm.deadline() > until {
        alarm.as_mut().reset(until);
    }
    alarm
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
        let items = std::mem::take(&mut queue.items);
        queue.bytes = 0;
        queue.urgent = 0;
        queue.idles = 0;
        drop(queue);
        self.shared.room.notify_all();
        for item in items {
            if let Item::Barrier(then) = item {
                then();
            }
        }
    }
}
