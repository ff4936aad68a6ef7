//! A ROUTER socket (RFC 28): every message that arrives carries the identity of its peer in front, every message that
//! leaves names its peer there.
//!
//! - here: the receiving side, which the task that answers owns
//! - `sender`: the sending side, which never waits
//! - `entrance`: who may come in, and serving each peer to its end
//! - `peers`: who is connected, and under which identity
//!
//! What bounds memory: it follows what has arrived, and a message has a limit; beyond [`AHEAD`] bytes that nobody has
//! taken no more are read; a peer that does not read what it is sent is disconnected beyond [`peers::REPLIES`] bytes.
//!
//! The socket ends with the shutdown, when the operating system has the last replies or [`entrance::LAST_WORDS`] are over.

mod entrance;
mod peers;
mod sender;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::entrance::Entrance;
use self::peers::Peers;
pub(crate) use self::sender::{RouterSender, SendError};
use super::zmtp::ZmtpError;
use super::zmtp::listener::Listener;

/// Bytes of a message at most, where it can be a cell or a buffer of a widget.
pub(crate) const MESSAGE_LIMIT: usize = 1 << 30;

/// Bytes that may wait for the task that answers before no more are read from the peers.
const AHEAD: usize = 1 << 20;
/// Rounds of reading in which all is read that the operating system can have had.
const ROUNDS: usize = 64;

/// The receiving side, owned by one task.
pub(crate) struct Router {
    name: &'static str,
    messages: mpsc::UnboundedReceiver<Vec<Bytes>>,
    incoming: Incoming,
    peers: Arc<Peers>,
}

impl Router {
    /// Starts to accept peers, whose messages have at most `limit` bytes. `name` is for the log.
    pub(crate) fn serve(
        name: &'static str,
        listener: Listener,
        limit: usize,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Self {
        let (incoming, messages) = Incoming::new();
        let peers = Arc::<Peers>::default();
        let entrance = Entrance::new(
            name,
            limit,
            incoming.clone(),
            Arc::clone(&peers),
            shutdown.clone(),
        );
        Arc::new(entrance).open(listener, tasks);
        Self {
            name,
            messages,
            incoming,
            peers,
        }
    }

    pub(crate) fn sender(&self) -> RouterSender {
        RouterSender::new(Arc::clone(&self.peers))
    }

    /// The next message, the identity of its peer in front. Nothing is lost when this future is dropped.
    pub(crate) async fn recv(&mut self) -> Vec<Bytes> {
        match self.messages.recv().await {
            Some(frames) => self.taken(frames),
            None => std::future::pending().await,
        }
    }

    /// A message that is here already.
    pub(crate) fn try_recv(&mut self) -> Option<Vec<Bytes>> {
        let frames = self.messages.try_recv().ok()?;
        Some(self.taken(frames))
    }

    /// Receives everything that has arrived at this machine so far; `try_recv` then yields it.
    pub(crate) async fn drain(&mut self) {
        if let Err(error) = driver_has_looked().await {
            tracing::warn!(socket = self.name, %error, "cannot tell what has arrived");
        }
        for peer in self.peers.all() {
            for _ in 0..ROUNDS {
                match peer.read_some(&self.incoming) {
                    Ok(true) => tokio::task::yield_now().await,
                    // The peer's task sees that it has ended, too, but not what was malformed.
                    Ok(false) | Err(ZmtpError::Closed) => break,
                    Err(_) => {
                        peer.close();
                        break;
                    }
                }
            }
        }
    }

    fn taken(&self, frames: Vec<Bytes>) -> Vec<Bytes> {
        self.incoming.taken(&frames);
        frames
    }
}

/// Where the tasks of the peers leave messages, and how many bytes of them wait.
#[derive(Clone)]
struct Incoming {
    messages_tx: mpsc::UnboundedSender<Vec<Bytes>>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    bytes: AtomicUsize,
    room: Notify,
}

impl Incoming {
    fn new() -> (Self, mpsc::UnboundedReceiver<Vec<Bytes>>) {
        let (messages_tx, messages) = mpsc::unbounded_channel();
        let waiting = Arc::default();
        let incoming = Self {
            messages_tx,
            waiting,
        };
        (incoming, messages)
    }

    fn push(&self, frames: Vec<Bytes>) {
        self.waiting
            .bytes
            .fetch_add(length(&frames), Ordering::AcqRel);
        // Nobody takes it any more when the kernel shuts down.
        let _ = self.messages_tx.send(frames);
    }

    fn taken(&self, frames: &[Bytes]) {
        let length = length(frames);
        let before = self.waiting.bytes.fetch_sub(length, Ordering::AcqRel);
        if before > AHEAD && before - length <= AHEAD {
            self.waiting.room.notify_waiters();
        }
    }

    async fn has_room(&self) {
        loop {
            let room = self.waiting.room.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            if self.waiting.bytes.load(Ordering::Acquire) <= AHEAD {
                return;
            }
            room.await;
        }
    }
}

fn length(frames: &[Bytes]) -> usize {
    frames.iter().map(Bytes::len).sum()
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
