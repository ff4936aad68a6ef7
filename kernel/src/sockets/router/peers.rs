//! Who is connected, and under which identity.
//!
//! Two peers with one identity: the newer wins (`ZMQ_ROUTER_HANDOVER`), since a front end that reconnects comes with the
//! identity it had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

use super::{Incoming, SendError};
use crate::sockets::zmtp::ZmtpError;
use crate::sockets::zmtp::frame::{Traffic, Wire};
use crate::sockets::zmtp::link::Link;

/// Bytes of replies that may wait for a peer before another one ends its connection.
pub(super) const REPLIES: usize = 256 << 20;
/// ZMTP's limit for an identity.
const LONGEST: usize = 255;

/// One connection after its handshake.
pub(super) struct Peer {
    identity: Bytes,
    link: Link,
    /// How many bytes waited when it turned out that it does not read.
    overflow: OnceLock<usize>,
}

impl Peer {
    /// `identity` is the one that it gave itself; a peer without gets one that nobody else has.
    pub(super) fn new(link: Link, identity: Bytes) -> Result<Self, ZmtpError> {
        let length = identity.len();
        if length > LONGEST {
            let limit = LONGEST;
            return Err(ZmtpError::Identity { length, limit });
        }
        let identity = if identity.is_empty() {
            Bytes::copy_from_slice(uuid::Uuid::new_v4().as_bytes())
        } else {
            identity
        };
        Ok(Self {
            identity,
            link,
            overflow: OnceLock::new(),
        })
    }

    pub(super) fn send(&self, message: &[Bytes]) -> Result<(), SendError> {
        let backlog = self.link.backlog();
        if backlog > REPLIES {
            self.overflow.get_or_init(|| backlog);
            self.close();
            return Err(SendError::DoesNotRead);
        }
        self.link.push(&Wire::message(message));
        self.link.flush();
        Ok(())
    }

    /// Serves it until its connection ends, and says why it did.
    pub(super) async fn serve(&self, incoming: &Incoming) -> ZmtpError {
        let receive = |traffic| self.receive(traffic, incoming);
        let ended = self
            .link
            .serve(receive, || incoming.has_room(), |_| {})
            .await;
        match self.overflow.get() {
            Some(&backlog) => ZmtpError::DoesNotRead { backlog },
            None => ended,
        }
    }

    /// As [`Link::read_some`], on behalf of the task that serves it.
    pub(super) fn read_some(&self, incoming: &Incoming) -> Result<bool, ZmtpError> {
        self.link
            .read_some(&|traffic| self.receive(traffic, incoming))
    }

    /// Waits until everything that it was sent is with the operating system.
    pub(super) async fn written_out(&self) {
        self.link.written_out().await;
    }

    pub(super) fn close(&self) {
        self.link.close();
    }

    fn receive(&self, traffic: Traffic, incoming: &Incoming) {
        // Commands say nothing to a ROUTER.
        if let Traffic::Message(mut frames) = traffic {
            frames.insert(0, self.identity.clone());
            incoming.push(frames);
        }
    }
}

/// By identity.
#[derive(Default)]
pub(super) struct Peers(Mutex<HashMap<Bytes, Arc<Peer>>>);

impl Peers {
    /// From now on this peer gets what is sent to its identity; one before it is let go.
    pub(super) fn join(&self, peer: &Arc<Peer>) {
        let former = self.lock().insert(peer.identity.clone(), Arc::clone(peer));
        if let Some(former) = former {
            former.close();
        }
    }

    pub(super) fn leave(&self, peer: &Arc<Peer>) {
        let mut peers = self.lock();
        // Else a newer one has its identity.
        if peers
            .get(&peer.identity)
            .is_some_and(|known| Arc::ptr_eq(known, peer))
        {
            peers.remove(&peer.identity);
        }
    }

    pub(super) fn of(&self, identity: &Bytes) -> Option<Arc<Peer>> {
        self.lock().get(identity).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Peer>> {
        self.lock().values().cloned().collect()
    }

    /// A panic elsewhere does not make a table invalid.
    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Arc<Peer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
