//! Who is connected, and under which identity the crate knows them.
//!
//! The crate finds the end of a connection by the identity of its peer, so that one which ends while its peer comes
//! again could take the new one with it. Hence no two connections share an identity there: the one it gets is a number
//! of our own, then the peer's. Two peers with one identity: the newer wins (`ZMQ_ROUTER_HANDOVER`), since a front end
//! that reconnects comes with the identity it had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::Semaphore;

use crate::sockets::zmtp::ZmtpError;
use crate::sockets::zmtp::link::Link;

/// A number.
const PREFIX: usize = size_of::<u32>();
/// ZMTP's limit.
const LONGEST: usize = 255;
/// Messages for one peer that the crate has and the gate has not got from it yet.
///
/// Far fewer than the crate's own queue holds: when that is full, the crate waits with a lock that it also takes, and
/// blocks the thread for, when the peer's connection ends.
const ROOM: usize = 1_000;

#[derive(Default)]
pub(super) struct Peers(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u32,
    /// By the identity that the crate knows.
    connections: HashMap<Bytes, Connection>,
    /// By the identity that the peer has: what the crate calls the one that gets what is sent to it.
    newest: HashMap<Bytes, Bytes>,
}

struct Connection {
    /// To the peer.
    public: Arc<Link>,
    /// To the crate, once it is there.
    private: Option<Arc<Link>>,
    room: Arc<Semaphore>,
}

/// What the crate calls a peer, and how many messages it takes for it: who sends takes a permit, and the gate gives it
/// back when the message has come out. Closed when the peer has left.
pub(super) struct Place {
    pub(super) inner: Bytes,
    pub(super) room: Arc<Semaphore>,
}

impl Peers {
    /// A place with the crate. What is sent to the peer goes to the one before until this one is admitted.
    pub(super) fn join(&self, identity: &Bytes, public: Arc<Link>) -> Result<Place, ZmtpError> {
        let limit = LONGEST - PREFIX;
        if identity.len() > limit {
            let length = identity.len();
            return Err(ZmtpError::Identity { length, limit });
        }
        let mut table = self.lock();
        table.next = table.next.wrapping_add(1);
        let mut inner = BytesMut::with_capacity(LONGEST);
        inner.put_u32(table.next);
        if identity.is_empty() {
            inner.put_slice(uuid::Uuid::new_v4().as_bytes());
        } else {
            inner.put_slice(identity);
        }
        let inner = inner.freeze();
        let room = Arc::new(Semaphore::new(ROOM));
        let connection = Connection {
            public,
            private: None,
            room: Arc::clone(&room),
        };
        table.connections.insert(inner.clone(), connection);
        Ok(Place { inner, room })
    }

    /// The connection to the crate is there.
    pub(super) fn connect(&self, inner: &Bytes, private: Arc<Link>) {
        if let Some(connection) = self.lock().connections.get_mut(inner) {
            connection.private = Some(private);
        }
    }

    /// The crate knows it: from now on it gets what is sent to its peer, and one before it is let go.
    pub(super) fn admit(&self, inner: &Bytes) {
        let mut table = self.lock();
        if !table.connections.contains_key(inner) {
            return;
        }
        let identity = outer(inner);
        let former = table.newest.get(&identity).cloned();
        // One that was admitted later is not the former one.
        if former.as_ref().is_some_and(|former| former >= inner) {
            return;
        }
        table.newest.insert(identity, inner.clone());
        if let Some(former) = former.and_then(|former| table.connections.get(&former)) {
            former.public.close();
        }
    }

    pub(super) fn leave(&self, inner: &Bytes) {
        let mut table = self.lock();
        if let Some(connection) = table.connections.remove(inner) {
            connection.room.close();
        }
        let identity = outer(inner);
        if table.newest.get(&identity) == Some(inner) {
            table.newest.remove(&identity);
        }
    }

    /// The place of the peer that has this identity.
    pub(super) fn place(&self, identity: &Bytes) -> Option<Place> {
        let table = self.lock();
        let inner = table.newest.get(identity)?;
        let room = Arc::clone(&table.connections.get(inner)?.room);
        let inner = inner.clone();
        Some(Place { inner, room })
    }

    /// All connections that the crate has: to the peer, and to the crate.
    pub(super) fn links(&self) -> Vec<(Arc<Link>, Arc<Link>)> {
        let table = self.lock();
        let links = table.connections.values().filter_map(|connection| {
            let private = connection.private.as_ref()?;
            Some((Arc::clone(&connection.public), Arc::clone(private)))
        });
        links.collect()
    }

    /// A panic elsewhere does not make a table invalid.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identity of the peer, of what the crate calls it.
pub(super) fn outer(inner: &Bytes) -> Bytes {
    inner.slice(PREFIX.min(inner.len())..)
}
