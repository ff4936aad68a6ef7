//! What waits to be published, and for how long it may.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;

use super::Publication;

/// Text of one stream message, at most about this many bytes.
pub(super) const JOIN_LIMIT: usize = 256 * 1024;
/// How long anything may wait for what follows. Shorter than anybody notices.
pub(super) const HOLD: Duration = Duration::from_millis(10);

/// What a message waits for in the queue. Whatever follows it and need not wait lets it go as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    No,
    /// For what follows, together with which it goes.
    Company,
    /// For a reply, which is to be with the socket before it goes: see [`Outbox::replied`](super::Outbox::replied).
    Reply,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) items: VecDeque<Item>,
    /// How many of `items` may not be held.
    pub(super) urgent: usize,
    /// How many of `items` wait for a reply.
    pub(super) idles: usize,
    /// Bytes of text, content and buffers in `items`.
    pub(super) bytes: usize,
    /// The writer is gone: nobody will read, nobody may wait.
    pub(super) closed: bool,
    /// Nothing is held any more.
    pub(super) released: bool,
}

pub(super) enum Item {
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
        wait: Wait,
        /// When it was published.
        since: Instant,
    },
    Barrier(Box<dyn FnOnce() + Send>),
}

pub(super) enum State {
    Empty,
    Ready,
    Held(Instant),
}

impl Queue {
    /// Whether there is something to take, all of which goes together.
    pub(super) fn state(&self) -> State {
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

    /// Whether all that is left is text for which there may be more before it has to go, or an idle whose reply is to
    /// go before it.
    pub(super) fn last_still_waits(&self) -> bool {
        let (Some(last), 1) = (self.items.front(), self.items.len()) else {
            return false;
        };
        let waits = matches!(last, Item::Stream { .. }) || last.waits_for_reply();
        let until = last.held_until();
        waits && !self.released && until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.size();
        self.urgent += usize::from(item.is_urgent());
        self.idles += usize::from(item.waits_for_reply());
        self.items.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.size();
        self.urgent -= usize::from(item.is_urgent());
        self.idles -= usize::from(item.waits_for_reply());
        Some(item)
    }

    /// Lets go what waits for a reply; whether there was anything.
    pub(super) fn let_go_of_idles(&mut self) -> bool {
        if self.idles == 0 {
            return false;
        }
        for item in &mut self.items {
            if let Item::Message { wait, .. } = item
                && *wait == Wait::Reply
            {
                *wait = Wait::No;
            }
        }
        self.urgent += std::mem::take(&mut self.idles);
        true
    }
}

impl Item {
    /// Whether it goes at once, and all before it.
    pub(super) fn is_urgent(&self) -> bool {
        self.held_until().is_none()
    }

    /// Until when it may wait, if it may.
    fn held_until(&self) -> Option<Instant> {
        match self {
            Self::Stream { text, since, .. } if text.len() < JOIN_LIMIT => Some(*since + HOLD),
            Self::Message { wait, since, .. } if *wait != Wait::No => Some(*since + HOLD),
            _ => None,
        }
    }

    fn waits_for_reply(&self) -> bool {
        matches!(
            self,
            Self::Message {
                wait: Wait::Reply,
                ..
            }
        )
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

impl From<Publication<'_>> for Item {
    fn from(publication: Publication<'_>) -> Self {
        Self::Message {
            parent: publication.parent.clone(),
            msg_type: publication.msg_type.to_owned(),
            metadata: publication.metadata,
            content: publication.content,
            buffers: publication.buffers,
            wait: publication.wait,
            since: Instant::now(),
        }
    }
}
