//! iopub, the publishing side: one task takes messages out of the outbox and hands them to every subscriber.
//!
//! Each subscriber has its own queue and its own task that writes, so one that stops reading holds up neither the
//! kernel nor another one. What bounds memory, in this order:
//!
//! 1. While every subscriber that still reads is behind by more than [`BEHIND`], nothing is taken out of the
//!    outbox: text is joined there, and a producer waits when the outbox is full. So a flood of prints runs at the
//!    speed of the fastest front end, and a slower one may be behind by [`FAR_BEHIND`] before it counts as well.
//! 2. A subscriber that takes nothing for a second counts for nobody: the others go on, its own queue grows, up to
//!    [`BACKLOG_LIMIT`].
//! 3. There all wait for it, until it has taken nothing for ten seconds in all. Then it is disconnected, and told so: its
//!    queue is forgotten but for one message, which says what is missing and is the last before the end of its
//!    connection. The log has it, too.
//!
//! Queues share their messages: what they cost together is the longest of them.
//!
//! What is published before anybody has subscribed is kept for the first subscriber, at most [`early::LIMIT`] bytes.

mod early;
mod subscriber;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::iopub_welcome::IopubWelcome;
use everloop_protocol::content::stream::{Stream, StreamName};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::early::Early;
use self::subscriber::{Event, Progress, Subscriber, serve_subscriber};
use super::zmtp::accept::{Refusals, accept_all};
use super::zmtp::frame::Wire;
use super::zmtp::link::Discarded;
use super::zmtp::listener::Listener;
use crate::outbox::{Feed, Outgoing};

/// Bytes that go to the subscribers in one round.
const ROUND: usize = 256 * 1024;
/// Backlog from which a subscriber is behind.
const BEHIND: usize = 1 << 20;
/// Backlog from which a subscriber that still reads holds the others up.
const FAR_BEHIND: usize = 128 << 20;
/// Backlog of a subscriber at most, but for one round; beyond it one that has stopped is disconnected.
const BACKLOG_LIMIT: usize = 256 << 20;
/// How often a waiting writer looks whether a subscriber has stopped.
const LOOK: Duration = Duration::from_millis(100);
/// How long the last messages may take when the kernel exits.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Starts to accept subscribers and to publish. After `shutdown` the outbox is emptied, and then the tasks end.
pub(crate) fn serve(
    listener: Listener,
    feed: Feed,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) {
    let (events_tx, events) = mpsc::unbounded_channel();
    let hungry = Arc::new(Notify::new());
    // Connections outlive the shutdown until the last messages are written.
    let connections = CancellationToken::new();
    let accept = accept_all("iopub", listener, {
        let (refusals, next) = (Arc::new(Refusals::new("iopub")), AtomicU64::new(0));
        let (hungry, tasks, connections) =
            (Arc::clone(&hungry), tasks.clone(), connections.clone());
        move |newcomer| {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let (events_tx, hungry) = (events_tx.clone(), Arc::clone(&hungry));
            let serve = serve_subscriber(id, newcomer, events_tx, hungry, Arc::clone(&refusals));
            tasks.spawn(connections.clone().run_until_cancelled_owned(serve));
        }
    });
    tasks.spawn(connections.clone().run_until_cancelled_owned(accept));
    let writer = Writer {
        feed,
        subscribers: BTreeMap::new(),
        early: Early::default(),
        parent: ParentHeader::none(),
        hungry,
    };
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        writer.run(events, &shutdown).await;
        connections.cancel();
    });
}

struct Writer {
    feed: Feed,
    subscribers: BTreeMap<u64, Subscriber>,
    early: Early,
    /// Of the last message.
    parent: ParentHeader,
    /// A subscriber is no longer behind.
    hungry: Arc<Notify>,
}

impl Writer {
    async fn run(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        shutdown: &CancellationToken,
    ) {
        let hungry = Arc::clone(&self.hungry);
        let mut waits = false;
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.handle(event),
                () = shutdown.cancelled() => break,
                () = self.feed.ready(), if !waits => {
                    self.write_round();
                },
                () = hungry.notified(), if waits => {}
                () = tokio::time::sleep(LOOK), if waits => {}
            }
            self.disconnect_stopped();
            waits = self.must_wait();
            // A flood must not keep the other tasks of this worker waiting.
            tokio::task::consume_budget().await;
        }
        self.finish().await;
    }

    /// Publishes what is left and waits until the operating system has it.
    async fn finish(mut self) {
        self.feed.release();
        while self.write_round() > 0 {}
        let written = async {
            for subscriber in self.subscribers.values() {
                subscriber.link.written_out().await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, written).await;
    }

    /// Hands one round of messages to the subscribers; returns how many items it took.
    fn write_round(&mut self) -> usize {
        let mut barriers = Vec::new();
        let (mut items, mut bytes) = (0, 0);
        while bytes < ROUND {
            let Some(item) = self.feed.take() else { break };
            items += 1;
            match item {
                Outgoing::Message(parent, frames) => {
                    self.parent = parent;
                    bytes += self.publish(&frames);
                }
                Outgoing::Barrier(done) => barriers.push(done),
            }
        }
        for subscriber in self.subscribers.values() {
            subscriber.link.flush();
        }
        for done in barriers {
            done();
        }
        items
    }

    /// Queues one message for whom it concerns; returns its length.
    fn publish(&mut self, frames: &[Bytes]) -> usize {
        let wire = Wire::message(frames);
        let topic = &frames[0];
        for subscriber in self.subscribers.values_mut() {
            if subscriber.wants(topic) {
                subscriber.link.push(&wire);
            }
        }
        let len = wire.len();
        self.early.keep(topic, wire);
        len
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Joined { id, link } => {
                self.subscribers.insert(id, Subscriber::new(link));
            }
            Event::Subscribed { id, topic } => self.welcome(id, topic),
            Event::Unsubscribed { id, topic } => {
                if let Some(subscriber) = self.subscribers.get_mut(&id) {
                    subscriber.unsubscribe(&topic);
                }
            }
            Event::Left { id } => {
                self.subscribers.remove(&id);
            }
        }
    }

    /// The first message after a subscription says that it is in effect (JEP 65), to the subscriber alone.
    fn welcome(&mut self, id: u64, topic: Bytes) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else {
            return;
        };
        let content = IopubWelcome {
            subscription: String::from_utf8_lossy(&topic).into_owned(),
        };
        if let Some(frames) = self.feed.encode_message(
            topic.clone(),
            "iopub_welcome",
            &ParentHeader::none(),
            &content,
        ) {
            subscriber.link.push(&Wire::message(&frames));
        }
        for wire in self.early.take(&topic) {
            subscriber.link.push(&wire);
        }
        subscriber.subscribe(topic);
        subscriber.link.flush();
    }

    /// Whether to leave messages in the outbox for now; see the rules above.
    fn must_wait(&mut self) -> bool {
        let now = Instant::now();
        let (mut hungry, mut behind, mut far_behind) = (false, false, false);
        for subscriber in self.subscribers.values_mut() {
            let backlog = subscriber.link.backlog();
            if backlog < BEHIND {
                subscriber.is_up_to_date();
                hungry = true;
                continue;
            }
            let reads = subscriber.look(now) == Progress::Reads;
            behind |= reads;
            far_behind |= backlog > if reads { FAR_BEHIND } else { BACKLOG_LIMIT };
        }
        far_behind || behind && !hungry
    }

    fn disconnect_stopped(&mut self) {
        let now = Instant::now();
        let (feed, parent) = (&self.feed, &self.parent);
        self.subscribers.retain(|_, subscriber| {
            let stays = subscriber.link.backlog() <= BACKLOG_LIMIT
                || subscriber.look(now) != Progress::Stopped;
            if !stays {
                disconnect(subscriber, feed, parent);
            }
            stays
        });
    }
}

/// Frees what waits for a subscriber that has stopped. When it reads on it learns what is missing, under what was
/// published last.
fn disconnect(subscriber: &Subscriber, feed: &Feed, parent: &ParentHeader) {
    let Discarded { messages, bytes } = subscriber.link.discard();
    tracing::warn!(
        socket = "iopub",
        messages,
        bytes,
        "a subscriber does not read: disconnected"
    );
    let name = StreamName::Stderr;
    let text = format!(
        "\neverloop: {messages} messages ({} MB) are missing here. This front end had stopped reading for so long that the \
         kernel could not keep them, and is disconnected. What the kernel publishes from now on comes when it connects \
         again.\n",
        bytes / 1_000_000
    );
    let topic = Bytes::from(format!("stream.{}", name.as_str()));
    if subscriber.wants(&topic)
        && let Some(frames) = feed.encode_message(topic, "stream", parent, &Stream { name, text })
    {
        subscriber.link.push(&Wire::message(&frames));
    }
    subscriber.link.close_when_written();
}
