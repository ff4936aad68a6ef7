//! The sending side: a queue that never makes its sender wait, and the one task that empties it.
//!
//! The crate's own queue for a peer is emptied by the gate, which says how much may be in it.

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use zeromq::{RouterSendHalf, SocketSend, ZmqError, ZmqMessage};

use super::Settled;
use super::gate::Gate;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("the socket is closed")]
    Closed,
    #[error("the message has no frames")]
    NoFrames,
    #[error("the peer is not connected")]
    Unconnected,
    #[error("the peer cannot be reached: {0}")]
    Unreachable(#[from] ZmqError),
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
    gate: Gate,
    settled: Settled,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
}

impl Writer {
    pub(super) fn new(
        name: &'static str,
        half: RouterSendHalf,
        gate: Gate,
        settled: Settled,
    ) -> (RouterSender, Self) {
        let (outgoing_tx, outgoing) = mpsc::unbounded_channel();
        let writer = Self {
            name,
            half,
            gate,
            settled,
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
        if let Err(error) = &sent {
            tracing::debug!(socket = self.name, %error, "cannot send");
            (self.settled)();
        }
        if let Some(delivered_tx) = outgoing.delivered_tx {
            // Who asked may have been cancelled.
            let _ = delivered_tx.send(sent);
        }
    }

    async fn send(&mut self, mut frames: Vec<Bytes>) -> Result<(), SendError> {
        let identity = frames.first_mut().ok_or(SendError::NoFrames)?;
        *identity = self
            .gate
            .inner(identity)
            .await
            .ok_or(SendError::Unconnected)?;
        let message = ZmqMessage::try_from(frames).map_err(|_| SendError::NoFrames)?;
        Ok(self.half.send(message).await?)
    }
}
