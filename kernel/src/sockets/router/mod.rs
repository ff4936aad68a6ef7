//! A ROUTER socket of the crate `zeromq`: every message that arrives carries the identity of its peer in front,
//! every message that leaves names its peer there.
//!
//! - here: the receiving side, which the task that answers owns
//! - `writer`: the sending side, one task behind a queue, so that sending never waits
//! - `gate`: who may speak to the crate at all, and who is who
//! - `monitor`: what the crate says about connections, and when everything is written
//!
//! A message for a peer that is gone is logged, and no failure.
//!
//! The socket ends with its parts: when the receiving side is dropped and the writer has ended, the crate writes
//! what its peers still have to get, then lets go of them; and the gate passes it on and does the same.

mod gate;
mod monitor;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeromq::{
    RouterRecvHalf, RouterSocket, Socket, SocketOptions, SocketRecv, ZmqError, ZmqMessage,
};

use self::gate::Gate;
use self::writer::Writer;
pub(crate) use self::writer::{RouterSender, SendError};
use super::zmtp::listener::Listener;

/// Bytes that one read asks for at first, and at most: a request fits in the first, and fewer reads bring a large
/// message. A connection adapts between them.
const READ_BUFFER: (usize, usize) = (4 * 1024, 256 * 1024);
/// Short reads after which it asks for less.
const SHORT_READS: usize = 2;

/// Bytes of a message at most, where it can be a cell or a buffer of a widget.
pub(crate) const MESSAGE_LIMIT: usize = 1 << 30;

/// Called when a message is with the socket of its peer, or will never be.
pub(crate) type Settled = Arc<dyn Fn() + Send + Sync>;

/// The receiving side, owned by one task.
pub(crate) struct Router {
    name: &'static str,
    half: RouterRecvHalf,
    /// Received by a barrier and not yet taken.
    received: VecDeque<Vec<Bytes>>,
    sender: RouterSender,
    gate: Gate,
}

impl Router {
    /// Starts to accept peers, whose messages have at most `limit` bytes. `name` is for the log, `settled` hears of each
    /// message that was sent.
    pub(crate) async fn serve(
        name: &'static str,
        listener: Listener,
        limit: usize,
        settled: Settled,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> io::Result<Self> {
        let mut options = SocketOptions::default();
        options.read_buffer(READ_BUFFER.0, READ_BUFFER.1, SHORT_READS);
        let mut socket = RouterSocket::with_options(options);
        let events = socket.monitor();
        let (gate, inside) =
            Gate::open(name, listener, limit, Arc::clone(&settled), tasks, shutdown)?;
        socket.bind_listener(inside).await.map_err(as_io)?;
        let (send_half, half) = socket.split();
        let (sender, writer) = Writer::new(name, send_half, gate.clone(), settled);
        tasks.spawn(writer.run(shutdown.clone()));
        tasks.spawn(monitor::watch(name, events, gate.clone(), shutdown.clone()));
        Ok(Self {
            name,
            half,
            received: VecDeque::new(),
            sender,
            gate,
        })
    }

    pub(crate) fn sender(&self) -> RouterSender {
        self.sender.clone()
    }

    /// The next message, the identity of its peer in front. Nothing is lost when this future is dropped.
    pub(crate) async fn recv(&mut self) -> Vec<Bytes> {
        if let Some(frames) = self.try_recv() {
            return frames;
        }
        match self.half.recv().await {
            Ok(message) => self.named(message),
            Err(error) => {
                tracing::error!(socket = self.name, %error, "cannot receive any more");
                std::future::pending().await
            }
        }
    }

    /// The next message that [`Self::drain`] has received.
    pub(crate) fn try_recv(&mut self) -> Option<Vec<Bytes>> {
        self.received.pop_front()
    }

    /// Receives everything that has arrived at this machine so far; `try_recv` then yields it.
    pub(crate) async fn drain(&mut self) {
        self.look().await;
        let gate = self.gate.clone();
        let mut passed_on = pin!(gate.pass_on());
        loop {
            tokio::select! {
                biased;
                () = &mut passed_on => break,
                // Which makes room for the rest.
                Ok(message) = self.half.recv() => {
                    let frames = self.named(message);
                    self.received.push_back(frames);
                }
            }
        }
        self.look().await;
        while let Some(frames) = self.recv_now().await {
            self.received.push_back(frames);
        }
    }

    /// Waits until tokio knows of everything that has arrived.
    async fn look(&self) {
        if let Err(error) = driver_has_looked().await {
            tracing::warn!(socket = self.name, %error, "cannot tell what has arrived");
        }
    }

    /// A message that is there already as far as tokio knows.
    async fn recv_now(&mut self) -> Option<Vec<Bytes>> {
        let message = {
            // Pending then means that nothing is there, and not that this task has had its share.
            let mut recv = pin!(tokio::task::unconstrained(self.half.recv()));
            poll_fn(|cx| {
                Poll::Ready(match recv.as_mut().poll(cx) {
                    Poll::Ready(Ok(message)) => Some(message),
                    Poll::Ready(Err(_)) | Poll::Pending => None,
                })
            })
            .await?
        };
        Some(self.named(message))
    }

    /// A message as its peer sent it, under the identity that the peer has outside.
    fn named(&self, message: ZmqMessage) -> Vec<Bytes> {
        let mut frames = message.into_vec();
        self.gate.name_outside(&mut frames);
        frames
    }
}

/// Resolves when tokio knows of everything that has arrived before this call.
///
/// The operating system queues what becomes ready, and tokio's driver passes it on as it takes it out of that queue.
/// A socket whose other end we close becomes readable behind all that was ready before. Its first event, that it is
/// writable, is waited for and not relied on: it was seen to overtake others.
async fn driver_has_looked() -> io::Result<()> {
    let (near, far) = UnixStream::pair()?;
    near.writable().await?;
    drop(far);
    near.readable().await
}

fn as_io(error: ZmqError) -> io::Error {
    match error {
        ZmqError::Network(error) => error,
        error => io::Error::other(error),
    }
}
