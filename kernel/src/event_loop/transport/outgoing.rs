//! What a transport has still to send.

use std::collections::VecDeque;

use rustpython_vm::{PyRef, builtins::PyBytes};

/// A part of what was written: a `bytes` object as it is, anything that can change as a copy.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(PyRef<PyBytes>),
    Copy(Vec<u8>),
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Copy(copy) => copy,
        }
    }
}

/// A queue of pieces, of whose first a part may be sent.
#[derive(Debug)]
pub(super) struct Outgoing<P = Piece> {
    pieces: VecDeque<P>,
    /// How much of the first piece is sent.
    sent: usize,
    size: usize,
}

impl<P> Default for Outgoing<P> {
    fn default() -> Self {
        Self {
            pieces: VecDeque::new(),
            sent: 0,
            size: 0,
        }
    }
}

impl<P: AsRef<[u8]>> Outgoing<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many bytes there are to send.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Adds a piece of which `sent` bytes are sent already; that can only be if the queue is empty.
    pub(super) fn push(&mut self, piece: P, sent: usize) {
        let length = piece.as_ref().len() - sent;
        if length == 0 {
            return;
        }
        if self.pieces.is_empty() {
            self.sent = sent;
        }
        self.size += length;
        self.pieces.push_back(piece);
    }

    /// What is to be sent, in order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut skip = self.sent;
        self.pieces
            .iter()
            .map(move |piece| &piece.as_ref()[std::mem::take(&mut skip)..])
    }

    /// Takes `count` bytes off the front.
    pub(super) fn advance(&mut self, count: usize) {
        self.size -= count;
        let mut done = self.sent + count;
        while let Some(first) = self.pieces.front() {
            let length = first.as_ref().len();
            if done < length {
                break;
            }
            done -= length;
            self.pieces.pop_front();
        }
        self.sent = done;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(queue: &Outgoing<&'static str>) -> Vec<u8> {
        queue.pieces().flatten().copied().collect()
    }

    fn queue(pieces: &[&'static str]) -> Outgoing<&'static str> {
        let mut queue = Outgoing::default();
        for piece in pieces {
            queue.push(*piece, 0);
        }
        queue
    }

    #[test]
    fn partly_sent_pieces_go_on_where_they_stopped() {
        let mut queue = queue(&["abc", "de", "fgh"]);
        queue.advance(4);
        assert_eq!(content(&queue), b"efgh");
        assert_eq!(queue.size(), 4);
        queue.advance(1);
        assert_eq!(content(&queue), b"fgh");
        queue.advance(3);
        assert!(queue.is_empty());
        assert_eq!(queue.size(), 0);
    }

    #[test]
    fn the_first_piece_may_be_partly_sent_when_it_is_added() {
        let mut queue = Outgoing::default();
        queue.push("abc", 2);
        queue.push("de", 0);
        assert_eq!(content(&queue), b"cde");
        assert_eq!(queue.size(), 3);
    }

    #[test]
    fn nothing_is_no_piece() {
        let mut queue = queue(&["", ""]);
        queue.push("abc", 3);
        assert!(queue.is_empty());
    }
}
