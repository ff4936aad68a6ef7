//! Everything that a client sent and received, in its order.

use std::fmt::Write;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use everloop_protocol::Message;

use super::LIMIT;
use super::client::Channel;

/// Everything that a client sent and received.
pub(crate) struct Transcript {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
    arrived: Condvar,
}

struct Entry {
    at: Duration,
    channel: Channel,
    event: Event,
}

enum Event {
    Sent(String),
    Received {
        message: Box<Message>,
        read: bool,
    },
    /// Frames that are no message: the kernel never sends such.
    Broken(String),
}

impl Transcript {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            entries: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn sent(&self, channel: Channel, what: String) {
        self.push(channel, Event::Sent(what));
    }

    pub(crate) fn received(&self, channel: Channel, message: Message) {
        self.push(
            channel,
            Event::Received {
                message: Box::new(message),
                read: false,
            },
        );
    }

    pub(crate) fn broken(&self, channel: Channel, error: String) {
        self.push(channel, Event::Broken(error));
    }

    fn push(&self, channel: Channel, event: Event) {
        let at = self.began.elapsed();
        self.entries
            .lock()
            .expect("no panic")
            .push(Entry { at, channel, event });
        self.arrived.notify_all();
    }

    /// The first unread message that is wanted; it counts as read from now on. `gone` says that no more will come.
    pub(crate) fn read(
        &self,
        what: &str,
        gone: impl Fn() -> Option<String>,
        wanted: impl Fn(Channel, &Message) -> bool,
    ) -> Message {
        let (end, mut last_look) = (Instant::now() + LIMIT, false);
        loop {
            if let Some(message) = self.take(&wanted) {
                return message;
            }
            let failure = if Instant::now() > end {
                Some(format!("{LIMIT:?} are over"))
            } else {
                None
            };
            // What a kernel sent before it ended can still be on its way through our own sockets.
            let failure =
                failure.or_else(|| gone().filter(|_| std::mem::replace(&mut last_look, true)));
            if let Some(failure) = failure {
                panic!("{failure}, and there is no {what}\n{self}");
            }
            let entries = self.entries.lock().expect("no panic");
            drop(
                self.arrived
                    .wait_timeout(entries, Duration::from_millis(300))
                    .expect("no panic"),
            );
        }
    }

    fn take(&self, wanted: impl Fn(Channel, &Message) -> bool) -> Option<Message> {
        self.entries
            .lock()
            .expect("no panic")
            .iter_mut()
            .find_map(|entry| match &mut entry.event {
                Event::Received { message, read } if !*read && wanted(entry.channel, message) => {
                    *read = true;
                    Some(message.as_ref().clone())
                }
                _ => None,
            })
    }

    /// Every message so far, read or not.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let entries = self.entries.lock().expect("no panic");
        let messages = entries.iter().filter_map(|entry| match &entry.event {
            Event::Received { message, .. } => Some(message.as_ref().clone()),
            _ => None,
        });
        messages.collect()
    }

    /// What was meant for this session and nobody has read, one line each.
    pub(crate) fn leftovers(&self, session: &str) -> String {
        let entries = self.entries.lock().expect("no panic");
        entries
            .iter()
            .filter(|entry| entry.is_leftover(session))
            .fold(String::new(), |mut text, entry| {
                let _ = writeln!(text, "{entry}");
                text
            })
    }
}

impl Entry {
    fn is_leftover(&self, session: &str) -> bool {
        match &self.event {
            Event::Sent(_) => false,
            Event::Broken(_) => true,
            // Both come to whoever happens to be there: a welcome with every new subscriber, and the start once.
            Event::Received { message, read } => {
                let start = message.parent_header.is_none() && message.header.msg_type == "status";
                // What other clients do is shown to all, and is for them to read.
                let foreign = !["", session].contains(&message.parent_header.session());
                !read && !start && !foreign && message.header.msg_type != "iopub_welcome"
            }
        }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:8.3} {:8} ",
            self.at.as_secs_f64(),
            format!("{:?}", self.channel)
        )?;
        match &self.event {
            Event::Sent(what) => write!(f, "-> {what}"),
            Event::Broken(error) => write!(f, "<- BROKEN {error}"),
            Event::Received { message, read } => {
                let content: String = message.content.to_string().chars().take(300).collect();
                let mark = if *read { ' ' } else { '*' };
                let parent = short(message.parent_header.msg_id());
                write!(
                    f,
                    "<-{mark}{} [{parent}] {content}",
                    message.header.msg_type
                )
            }
        }
    }
}

impl std::fmt::Display for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries = self.entries.lock().expect("no panic");
        writeln!(f, "transcript (* is unread):")?;
        entries.iter().try_for_each(|entry| writeln!(f, "{entry}"))
    }
}

/// The number at the end of our message ids.
pub(crate) fn short(msg_id: &str) -> &str {
    msg_id.rsplit('_').next().unwrap_or_default()
}
