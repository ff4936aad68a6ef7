//! The gate in front of a socket of the crate `zeromq`: what passes it is whole messages of peers that have introduced
//! themselves.
//!
//! The crate reserves what a frame announces, ends the process when there is not as much, waits for ever for a
//! handshake, and keeps replies without a limit in bytes. So no stranger speaks to it. The gate accepts the peers, and
//! has a connection to the crate for each:
//!
//! - memory follows what has arrived, and a message has a limit; garbage and silence end their own connection
//! - a peer that does not read what it is sent is disconnected beyond [`REPLIES`] bytes
//! - PING is answered
//! - who is who is decided here (`peers`), and `passage` is the way to the crate
//!
//! Nothing waits in the gate while the crate has room: messages go on from the task that reads them.

mod passage;
mod peers;

use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::passage::Passage;
use self::peers::{Peers, Place, outer};
use super::Settled;
use crate::sockets::zmtp::ZmtpError;
use crate::sockets::zmtp::accept::{Newcomer, Refusals, accept_all};
use crate::sockets::zmtp::frame::{Traffic, Wire};
use crate::sockets::zmtp::handshake::{Role, handshake};
use crate::sockets::zmtp::link::Link;
use crate::sockets::zmtp::listener::Listener;
use crate::sockets::zmtp::stream::Stream;

const ROLE: Role<'_> = Role {
    ours: "ROUTER",
    theirs: &["DEALER", "REQ", "ROUTER"],
    identity: b"",
};

/// Bytes that may wait for the crate before no more are read from the peer.
const AHEAD: usize = 1 << 20;
/// Bytes of replies that may wait for a peer before another one ends its connection.
const REPLIES: usize = 256 << 20;
/// Rounds of reading in which all is read that the operating system can have had.
const ROUNDS: usize = 64;
/// How long a peer may take for its last replies when the crate has ended its connection, as it does at the end.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What lets the peers of one socket in.
#[derive(Clone)]
pub(super) struct Gate {
    peers: Arc<Peers>,
}

/// What the connections of one socket share.
struct Entrance {
    peers: Arc<Peers>,
    passage: Passage,
    refusals: Refusals,
    /// Bytes of one message at most.
    limit: usize,
    settled: Settled,
    shutdown: CancellationToken,
}

impl Gate {
    /// Starts to accept peers, and returns where the crate gets them from.
    pub(super) fn open(
        name: &'static str,
        listener: Listener,
        limit: usize,
        settled: Settled,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> io::Result<(Self, zeromq::Listener)> {
        let (inside, passage) = Passage::open()?;
        let peers = Arc::<Peers>::default();
        let entrance = Arc::new(Entrance {
            peers: Arc::clone(&peers),
            passage,
            refusals: Refusals::new(name),
            limit,
            settled,
            shutdown: shutdown.clone(),
        });
        let connections = tasks.clone();
        let accept = accept_all(name, listener, move |newcomer| {
            let entrance = Arc::clone(&entrance);
            connections.spawn(async move { entrance.let_in(newcomer).await });
        });
        tasks.spawn(shutdown.clone().run_until_cancelled_owned(accept));
        Ok((Self { peers }, inside.into()))
    }

    /// The crate has this peer.
    pub(super) fn admit(&self, inner: &Bytes) {
        self.peers.admit(inner);
    }

    /// What came from the crate, under the identity that the peer gave itself.
    pub(super) fn name_outside(&self, frames: &mut [Bytes]) {
        if let Some(identity) = frames.first_mut() {
            // What it sent shows that the crate has it.
            self.peers.admit(identity);
            *identity = outer(identity);
        }
    }

    /// What the crate calls the peer that has this identity, once it takes another message for it.
    pub(super) async fn inner(&self, identity: &Bytes) -> Option<Bytes> {
        let Place { inner, room } = self.peers.place(identity)?;
        room.acquire().await.ok()?.forget();
        Some(inner)
    }

    /// Reads what has arrived by now, as far as tokio knows, and returns when the crate can read it.
    pub(super) async fn pass_on(&self) {
        let links = self.peers.links();
        for (public, private) in &links {
            for _ in 0..ROUNDS {
                match public.read_some(&|traffic| forward(traffic, private)) {
                    Ok(true) => tokio::task::yield_now().await,
                    // The link's task sees that it has ended, too, but not what was malformed.
                    Ok(false) | Err(ZmtpError::Closed) => break,
                    Err(_) => {
                        public.close();
                        break;
                    }
                }
            }
        }
        for (_, private) in &links {
            private.written_out().await;
        }
    }
}

impl Entrance {
    async fn let_in(&self, newcomer: Newcomer) {
        let introduced = newcomer.introduce(&ROLE, self.limit);
        let Some(introduced) = self.shutdown.run_until_cancelled(introduced).await else {
            return;
        };
        let served = match introduced {
            Ok((public, identity)) => self.serve(Arc::new(public), &identity).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            self.refusals.end(&error);
        }
    }

    /// Serves a peer to its end.
    async fn serve(&self, public: Arc<Link>, identity: &Bytes) -> Result<(), ZmtpError> {
        let Place { inner, room } = self.peers.join(identity, Arc::clone(&public))?;
        let connected = self.connect(&inner);
        let served = match self.shutdown.run_until_cancelled(connected).await {
            Some(Ok(private)) => {
                let private = Arc::new(private);
                self.peers.connect(&inner, Arc::clone(&private));
                let settled = || {
                    room.add_permits(1);
                    (self.settled)();
                };
                Err(bridge(&public, &private, settled).await)
            }
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.peers.leave(&inner);
        // What it did not get any more.
        (self.settled)();
        served
    }

    /// A connection to the crate, which calls its other end `inner`.
    async fn connect(&self, inner: &Bytes) -> Result<Link, ZmtpError> {
        let stream = Stream::Unix(self.passage.connect().await?);
        let role = Role {
            ours: "DEALER",
            theirs: &["ROUTER"],
            identity: inner,
        };
        let (decoder, _) = handshake(&stream, &role, usize::MAX).await?;
        Ok(Link::new(stream, decoder))
    }
}

/// Passes messages on in both directions until one of them ends; what it has said by then still reaches the other.
/// Each message that comes out of the crate is `settled`.
async fn bridge(public: &Link, private: &Link, settled: impl Fn()) -> ZmtpError {
    let overflow = OnceLock::new();
    let has_room = || async {
        if private.backlog() > AHEAD {
            private.written_out().await;
        }
    };
    let reply = |traffic| {
        let is_message = matches!(traffic, Traffic::Message(_));
        let backlog = public.backlog();
        if backlog > REPLIES {
            overflow.get_or_init(|| backlog);
            public.close();
        } else {
            forward(traffic, public);
        }
        if is_message {
            settled();
        }
    };
    let at_once = || std::future::ready(());
    let mut requests = pin!(public.serve(|traffic| forward(traffic, private), has_room, |_| {}));
    let mut replies = pin!(private.serve(reply, at_once, |_| {}));
    let ended = tokio::select! {
        error = &mut requests => {
            tokio::select! {
                () = private.written_out() => {}
                _ = &mut replies => {}
            }
            error
        }
        error = &mut replies => {
            tokio::select! {
                () = public.written_out() => {}
                _ = &mut requests => {}
                () = tokio::time::sleep(LAST_WORDS) => {}
            }
            error
        }
    };
    match overflow.get() {
        Some(&backlog) => ZmtpError::DoesNotRead { backlog },
        None => ended,
    }
}

/// Messages alone: a command is between a peer and the gate.
fn forward(traffic: Traffic, to: &Link) {
    if let Traffic::Message(frames) = traffic {
        to.push(&Wire::message(&frames));
        to.flush();
    }
}
