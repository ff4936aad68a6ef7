//! One subscriber: its connection, what it wants, and whether it still reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::BEHIND;
use crate::sockets::zmtp::accept::{Newcomer, Refusals};
use crate::sockets::zmtp::command::Command;
use crate::sockets::zmtp::frame::Traffic;
use crate::sockets::zmtp::handshake::Role;
use crate::sockets::zmtp::link::Link;

const ROLE: Role<'_> = Role {
    ours: "XPUB",
    theirs: &["SUB", "XSUB"],
    identity: b"",
};

/// A subscriber only ever sends subscriptions.
const MESSAGE_LIMIT: usize = 64 * 1024;
const SUBSCRIPTION_LIMIT: usize = 4096;
/// After this time without progress others need not wait for a subscriber.
const HICCUP: Duration = Duration::from_secs(1);
/// After this time without progress it may be disconnected.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens at the connections, in order, for the one task that owns the subscribers.
pub(super) enum Event {
    Joined { id: u64, link: Arc<Link> },
    Subscribed { id: u64, topic: Bytes },
    Unsubscribed { id: u64, topic: Bytes },
    Left { id: u64 },
}

pub(super) struct Subscriber {
    pub(super) link: Arc<Link>,
    /// Prefixes; one that is subscribed to twice is in here twice.
    topics: Vec<Bytes>,
    pace: Pace,
    patience: Pace,
}

impl Subscriber {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            topics: Vec::new(),
            pace: Pace::new(HICCUP),
            patience: Pace::new(PATIENCE),
        }
    }

    pub(super) fn wants(&self, topic: &[u8]) -> bool {
        self.topics.iter().any(|prefix| topic.starts_with(prefix))
    }

    pub(super) fn subscribe(&mut self, topic: Bytes) {
        if self.topics.len() < SUBSCRIPTION_LIMIT {
            self.topics.push(topic);
        } else {
            tracing::warn!(socket = "iopub", "too many subscriptions: disconnected");
            self.link.close();
        }
    }

    pub(super) fn unsubscribe(&mut self, topic: &[u8]) {
        if let Some(position) = self.topics.iter().position(|prefix| prefix == topic) {
            self.topics.swap_remove(position);
        }
    }

    /// Looks how far it is. Asked as long as it is behind.
    pub(super) fn look(&mut self, now: Instant) -> Progress {
        let written = self.link.written();
        let (reads, lately) = (
            self.pace.is_kept(now, written),
            self.patience.is_kept(now, written),
        );
        match (reads, lately) {
            (true, _) => Progress::Reads,
            (false, true) => Progress::Hesitates,
            (false, false) => Progress::Stopped,
        }
    }

    /// It is not behind any more.
    pub(super) fn is_up_to_date(&mut self) {
        self.pace.restart();
        self.patience.restart();
    }
}

/// What a subscriber that is behind does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Reads,
    /// Takes nothing worth mentioning for the length of a [`HICCUP`].
    Hesitates,
    /// The same since [`PATIENCE`].
    Stopped,
}

/// Tells who takes [`Pace::AMOUNT`] bytes a second, on the average of a window, from who does not.
struct Pace {
    window: Duration,
    begun: Option<(Instant, u64)>,
    lags: bool,
}

impl Pace {
    const AMOUNT: u64 = 64 * 1024;

    fn new(window: Duration) -> Self {
        Self {
            window,
            begun: None,
            lags: false,
        }
    }

    fn is_kept(&mut self, now: Instant, written: u64) -> bool {
        let (since, at) = *self.begun.get_or_insert((now, written));
        if written - at >= Self::AMOUNT * self.window.as_secs() {
            self.lags = false;
            self.begun = Some((now, written));
        } else if now.duration_since(since) >= self.window {
            self.lags = true;
            self.begun = Some((now, written));
        }
        !self.lags
    }

    fn restart(&mut self) {
        self.begun = None;
        self.lags = false;
    }
}

/// Serves one connection from its handshake to its end.
pub(super) async fn serve_subscriber(
    id: u64,
    newcomer: Newcomer,
    events_tx: mpsc::UnboundedSender<Event>,
    hungry: Arc<Notify>,
    refusals: Arc<Refusals>,
) {
    // Sending fails only while the kernel shuts down.
    let tell = |event| drop(events_tx.send(event));
    let error = match newcomer.introduce(&ROLE, MESSAGE_LIMIT).await {
        Ok((link, _)) => {
            let link = Arc::new(link);
            tell(Event::Joined {
                id,
                link: Arc::clone(&link),
            });
            let receive = |traffic| {
                if let Some(event) = subscription(id, traffic) {
                    tell(event);
                }
            };
            let progress = |backlog| {
                if backlog < BEHIND {
                    hungry.notify_one();
                }
            };
            let has_room = || std::future::ready(());
            let error = link.serve(receive, has_room, progress).await;
            tell(Event::Left { id });
            hungry.notify_one();
            error
        }
        Err(error) => error,
    };
    refusals.end(&error);
}

/// ZMTP 3.0 subscribes by messages that begin with 1 or 0, ZMTP 3.1 by commands.
fn subscription(id: u64, traffic: Traffic) -> Option<Event> {
    match traffic {
        Traffic::Message(frames) => match (frames.as_slice(), frames[0].first()) {
            ([frame], Some(1)) => Some(Event::Subscribed {
                id,
                topic: frame.slice(1..),
            }),
            ([frame], Some(0)) => Some(Event::Unsubscribed {
                id,
                topic: frame.slice(1..),
            }),
            _ => None,
        },
        Traffic::Command(body) => match Command::decode(body).ok()? {
            Command::Subscribe(topic) => Some(Event::Subscribed { id, topic }),
            Command::Cancel(topic) => Some(Event::Unsubscribed { id, topic }),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_is_lost_after_a_window_and_kept_again_at_once() {
        let begin = Instant::now();
        let after = |milliseconds| begin + Duration::from_millis(milliseconds);
        let mut pace = Pace::new(Duration::from_secs(1));
        assert!(pace.is_kept(begin, 5_000_000));
        assert!(pace.is_kept(after(900), 5_000_100));
        assert!(!pace.is_kept(after(1000), 5_000_200));
        assert!(!pace.is_kept(after(1500), 5_000_300));
        assert!(pace.is_kept(after(1600), 5_100_000));
        pace.restart();
        // Having had nothing to read for a minute is no fault.
        assert!(pace.is_kept(after(60_000), 5_100_100));
    }

    #[test]
    fn both_forms_of_subscription_are_understood() {
        let message = |bytes: &'static [u8]| Traffic::Message(vec![Bytes::from_static(bytes)]);
        assert!(matches!(
            subscription(3, message(b"\x01stream")),
            Some(Event::Subscribed { id: 3, topic }) if topic == "stream"
        ));
        assert!(matches!(
            subscription(3, message(b"\x00")),
            Some(Event::Unsubscribed { topic, .. }) if topic.is_empty()
        ));
        let command = Bytes::from_static(b"\x09SUBSCRIBEkernel");
        assert!(matches!(
            subscription(3, Traffic::Command(command)),
            Some(Event::Subscribed { topic, .. }) if topic == "kernel"
        ));
        assert!(subscription(3, message(b"\x02")).is_none());
        assert!(subscription(3, message(b"")).is_none());
    }
}
