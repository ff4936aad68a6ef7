//! What waits to be published, and for how long it may.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;

use super::Publication;

/// Text of one stream message, at most about this many bytes.
pub(super) const JOIN_LIMIT: usize = 256 * 1024;
/// How long text and beginnings may wait for what follows. Shorter than anybody notices.
pub(super) const HOLD: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(super) struct Queue {
    pub(super) items: VecDeque<Item>,
    /// How many of `items` may not be held.
    pub(super) urgent: usize,
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
        may_wait: bool,
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

    /// Whether all that is left is text for which there may be more before it has to go.
    pub(super) fn only_waits_for_text(&self) -> bool {
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
    pub(super) fn is_urgent(&self) -> bool {
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

    pub(super) fn size(&self) -> usize {
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
            may_wait: publication.may_wait,
            since: Instant::now(),
        }
    }
}
