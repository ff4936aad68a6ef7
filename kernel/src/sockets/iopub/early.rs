//! What is published before anybody has subscribed: `status: starting` above all, and the output of a cell that a
//! client sent before its own subscription arrived.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::sockets::zmtp::frame::Wire;

/// At most so many bytes are kept; the oldest go first.
pub(super) const LIMIT: usize = 16 << 20;

#[derive(Default)]
pub(super) struct Early {
    messages: VecDeque<(Bytes, Wire)>,
    bytes: usize,
    /// Not all is here.
    is_cut: bool,
    /// Somebody has subscribed: nothing more is kept.
    over: bool,
}

impl Early {
    pub(super) fn keep(&mut self, topic: &Bytes, wire: Wire) {
        if self.over {
            return;
        }
        self.bytes += wire.len();
        self.messages.push_back((topic.clone(), wire));
        if self.bytes > LIMIT && !std::mem::replace(&mut self.is_cut, true) {
            tracing::warn!(
                socket = "iopub",
                "nobody has subscribed yet: the oldest messages are not kept"
            );
        }
        while self.bytes > LIMIT {
            let Some((_, oldest)) = self.messages.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }

    /// What a subscription asks for. The rest stays for the other subscriptions of a first subscriber.
    pub(super) fn take(&mut self, subscription: &[u8]) -> Vec<Wire> {
        self.over = true;
        let (wanted, rest): (VecDeque<_>, _) = std::mem::take(&mut self.messages)
            .into_iter()
            .partition(|(topic, _)| topic.starts_with(subscription));
        self.messages = rest;
        wanted.into_iter().map(|(_, wire)| wire).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(early: &mut Early, topic: &'static str, size: usize) {
        let topic = Bytes::from(topic);
        let wire = Wire::message(&[topic.clone(), Bytes::from(vec![0; size])]);
        early.keep(&topic, wire);
    }

    #[test]
    fn first_subscriptions_share_what_was_published_before() {
        let mut early = Early::default();
        keep(&mut early, "kernel.status", 1);
        keep(&mut early, "stream.stdout", 1);
        assert_eq!(early.take(b"stream").len(), 1);
        keep(&mut early, "stream.stdout", 1);
        assert_eq!(early.take(b"").len(), 1);
        assert_eq!(early.take(b"").len(), 0);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let mut early = Early::default();
        for _ in 0..40 {
            keep(&mut early, "stream.stdout", 1 << 20);
        }
        keep(&mut early, "kernel.status", 1);
        assert!(early.bytes <= LIMIT);
        assert_eq!(early.take(b"kernel").len(), 1);
        assert_eq!(early.take(b"").len(), 15);
    }
}
