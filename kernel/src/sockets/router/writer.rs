//! The sending side: a queue that never makes its sender wait, and the one task that empties it.
//!
//! The crate keeps a queue for each peer, with room for 100,000 messages. A peer that has let it fill up does not
//! read; it gets a moment, since the others wait meanwhile, and is then disconnected.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use zeromq::util::PeerIdentity;
use zeromq::{MultiPeerBackend, RouterSendHalf, SocketSend, ZmqError, ZmqMessage};

/// How long a peer whose queue is full may hold up the others, once.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("the socket is closed")]
    Closed,
    #[error("the message has no frames")]
    NoFrames,
    #[error("the peer cannot be reached: {0}")]
    Unreachable(#[from] ZmqError),
    #[error("the peer does not read what it is sent, and is disconnected")]
    Stopped,
}

/// Sends, from any thread.
#[derive(Clone)]
pub(crate) struct RouterSender {
    outgoing_tx: mpsc::UnboundedSender<Outgoing>,
}

struct Outgoing {
    frames: Vec<Bytes>,
    delivered_tx: Option<oneshot::Sender<Result<(), SendError>>>,
}

impl RouterSender {
    /// Sends to the peer that the first frame names. A peer that cannot be reached is the log's.
    pub(crate) fn send(&self, frames: Vec<Bytes>) -> Result<(), SendError> {
        self.queue(frames, None)
    }

    /// Sends, and tells whether the peer is there.
    pub(crate) async fn deliver(&self, frames: Vec<Bytes>) -> Result<(), SendError> {
        let (delivered_tx, delivered) = oneshot::channel();
        self.queue(frames, Some(delivered_tx))?;
        delivered.await.unwrap_or(Err(SendError::Closed))
    }

    fn queue(
        &self,
        frames: Vec<Bytes>,
        delivered_tx: Option<oneshot::Sender<Result<(), SendError>>>,
    ) -> Result<(), SendError> {
        let outgoing = Outgoing {
            frames,
            delivered_tx,
        };
        self.outgoing_tx
            .send(outgoing)
            .map_err(|_| SendError::Closed)
    }
}

/// The task that owns the sending half.
pub(super) struct Writer {
    name: &'static str,
    half: RouterSendHalf,
    backend: Arc<dyn MultiPeerBackend>,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
}

impl Writer {
    pub(super) fn new(
        name: &'static str,
        half: RouterSendHalf,
        backend: Arc<dyn MultiPeerBackend>,
    ) -> (RouterSender, Self) {
        let (outgoing_tx, outgoing) = mpsc::unbounded_channel();
        let writer = Self {
            name,
            half,
            backend,
            outgoing,
        };
        (RouterSender { outgoing_tx }, writer)
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                // What was sent before the shutdown still leaves.
                biased;
                Some(outgoing) = self.outgoing.recv() => self.write(outgoing).await,
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn write(&mut self, outgoing: Outgoing) {
        let sent = self.send(outgoing.frames).await;
        match &sent {
            Ok(()) => {}
            Err(error @ SendError::Stopped) => tracing::warn!(socket = self.name, %error),
            Err(error) => tracing::debug!(socket = self.name, %error, "cannot send"),
        }
        if let Some(delivered_tx) = outgoing.delivered_tx {
            // Who asked may have been cancelled.
            let _ = delivered_tx.send(sent);
        }
    }

    async fn send(&mut self, frames: Vec<Bytes>) -> Result<(), SendError> {
        let identity = frames.first().ok_or(SendError::NoFrames)?.clone();
        let message = ZmqMessage::try_from(frames).map_err(|_| SendError::NoFrames)?;
        match tokio::time::timeout(PATIENCE, self.half.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => {
                let peer = PeerIdentity::try_from(identity)?;
                self.backend.peer_disconnected(&peer);
                Err(SendError::Stopped)
            }
        }
    }
}
