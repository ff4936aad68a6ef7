//! Who connects introduces itself, and is served to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Incoming;
use super::peers::{Peer, Peers};
use crate::sockets::zmtp::ZmtpError;
use crate::sockets::zmtp::accept::{Newcomer, Refusals, accept_all};
use crate::sockets::zmtp::handshake::Role;
use crate::sockets::zmtp::listener::Listener;

const ROLE: Role<'_> = Role {
    ours: "ROUTER",
    theirs: &["DEALER", "REQ", "ROUTER"],
    identity: b"",
};

/// How long a peer may take for its last replies when the kernel exits.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(100);

/// What the connections of one socket share.
pub(super) struct Entrance {
    name: &'static str,
    /// Bytes of one message at most.
    limit: usize,
    incoming: Incoming,
    peers: Arc<Peers>,
    refusals: Refusals,
    shutdown: CancellationToken,
}

impl Entrance {
    pub(super) fn new(
        name: &'static str,
        limit: usize,
        incoming: Incoming,
        peers: Arc<Peers>,
        shutdown: CancellationToken,
    ) -> Self {
        let refusals = Refusals::new(name);
        Self {
            name,
            limit,
            incoming,
            peers,
            refusals,
            shutdown,
        }
    }

    /// Accepts until the shutdown.
    pub(super) fn open(self: Arc<Self>, listener: Listener, tasks: &TaskTracker) {
        let (name, shutdown) = (self.name, self.shutdown.clone());
        let connections = tasks.clone();
        let accept = accept_all(name, listener, move |newcomer| {
            let entrance = Arc::clone(&self);
            connections.spawn(async move { entrance.let_in(newcomer).await });
        });
        tasks.spawn(shutdown.run_until_cancelled_owned(accept));
    }

    async fn let_in(&self, newcomer: Newcomer) {
        let introduced = newcomer.introduce(&ROLE, self.limit);
        let Some(introduced) = self.shutdown.run_until_cancelled(introduced).await else {
            return;
        };
        let peer = introduced.and_then(|(link, identity)| Peer::new(link, identity));
        let ended = match peer {
            Ok(peer) => self.serve(Arc::new(peer)).await,
            Err(error) => Some(error),
        };
        if let Some(error) = ended {
            self.refusals.end(&error);
        }
    }

    /// Serves a peer until its connection ends, and says why it did; or until the shutdown, and what the peer was sent
    /// by then.
    async fn serve(&self, peer: Arc<Peer>) -> Option<ZmtpError> {
        self.peers.join(&peer);
        let mut served = pin!(peer.serve(&self.incoming));
        let ended = tokio::select! {
            error = &mut served => Some(error),
            () = self.shutdown.cancelled() => None,
        };
        if ended.is_none() {
            tokio::select! {
                _ = &mut served => {}
                () = peer.written_out() => {}
                () = tokio::time::sleep(LAST_WORDS) => {
                    tracing::debug!(socket = self.name, "the last replies are not written");
                }
            }
        }
        self.peers.leave(&peer);
        ended
    }
}
