//! The sending side: what is sent is with the operating system at once, or waits for its peer.

use std::sync::Arc;

use bytes::Bytes;

use super::peers::Peers;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("the message has no frames")]
    NoFrames,
    #[error("the peer is not connected")]
    Unconnected,
    #[error("the peer does not read what it is sent")]
    DoesNotRead,
}

/// Sends, from any thread.
#[derive(Clone)]
pub(crate) struct RouterSender {
    peers: Arc<Peers>,
}

impl RouterSender {
    pub(super) fn new(peers: Arc<Peers>) -> Self {
        Self { peers }
    }

    /// Sends to the peer that the first frame names.
    pub(crate) fn send(&self, frames: &[Bytes]) -> Result<(), SendError> {
        let (identity, message) = frames.split_first().ok_or(SendError::NoFrames)?;
        let peer = self.peers.of(identity).ok_or(SendError::Unconnected)?;
        peer.send(message)
    }
}
