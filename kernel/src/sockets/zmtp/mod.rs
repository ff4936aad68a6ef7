//! ZMTP 3.1 over TCP and Unix sockets: greeting, NULL handshake, frames.
//!
//! What iopub and the gate in front of the crate `zeromq` need of it (RFC 23 and RFC 37) is small: bind, NULL, whole
//! messages.
//!
//! - `frame`: bytes to traffic and back; memory follows what has arrived, never what was announced
//! - `command`: READY, SUBSCRIBE, CANCEL, PING
//! - `stream`: one TCP or Unix connection
//! - `handshake`: greeting and READY, with a time limit
//! - `link`: a connection after its handshake, with its queue of outgoing bytes
//! - `listener`: bind
//! - `accept`: from a listener to links

use std::io::{self, ErrorKind};

pub(crate) mod accept;
pub(crate) mod command;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod stream;

/// Why a connection ends. None of these reaches further than the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZmtpError {
    #[error("the peer closed the connection")]
    Closed,
    #[error("i/o failed")]
    Io(#[source] io::Error),
    #[error("not a ZMTP 3 greeting")]
    Greeting,
    #[error("the peer wants security mechanism {mechanism:?}, only NULL is supported")]
    Mechanism { mechanism: String },
    #[error("a {theirs:?} socket cannot talk to a {ours} socket")]
    SocketType { ours: &'static str, theirs: String },
    #[error("malformed command")]
    Command,
    #[error("frame with reserved flags {flags:#04x}")]
    Flags { flags: u8 },
    #[error("message of more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("no handshake within {seconds} s")]
    HandshakeTimeout { seconds: u64 },
    #[error("no handshake yet, and {limit} others have come since")]
    GaveWay { limit: usize },
    #[error("an identity of {length} bytes, at most {limit} are supported")]
    Identity { length: usize, limit: usize },
    #[error("the peer does not read what it is sent: {backlog} bytes wait")]
    DoesNotRead { backlog: usize },
}

impl From<io::Error> for ZmtpError {
    fn from(error: io::Error) -> Self {
        if has_left(&error) {
            Self::Closed
        } else {
            Self::Io(error)
        }
    }
}

/// Whether a peer is gone that did not read all that was sent to it: nobody's fault, front ends close when they like.
pub(crate) fn has_left(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}
