//! From a listener to links: who connects has to introduce itself, in time and before too many others.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::ZmtpError;
use super::handshake::{Role, handshake};
use super::link::Link;
use super::listener::Listener;
use super::stream::Stream;

/// Connections that may be about to introduce themselves; the oldest gives way to the next. So who says nothing keeps
/// nobody out.
const NEWCOMERS: usize = 128;
/// Accepting fails when descriptors run out, and would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);
/// A peer that is refused comes again at once, and again: the log hears of it this often.
const REFUSALS: Duration = Duration::from_secs(1);

/// A connection that was accepted.
pub(crate) struct Newcomer {
    stream: Stream,
    gives_way: CancellationToken,
}

impl Newcomer {
    /// Its handshake. Returns the link, and the identity of the peer.
    pub(crate) async fn introduce(
        self,
        role: &Role<'_>,
        limit: usize,
    ) -> Result<(Link, Bytes), ZmtpError> {
        tokio::select! {
            introduced = handshake(&self.stream, role, limit) => {
                let (decoder, identity) = introduced?;
                Ok((Link::new(self.stream, decoder), identity))
            }
            () = self.gives_way.cancelled() => Err(ZmtpError::GaveWay { limit: NEWCOMERS }),
        }
    }
}

/// Accepts for ever; `serve` must not wait.
pub(crate) async fn accept_all(socket: &'static str, listener: Listener, serve: impl Fn(Newcomer)) {
    let refusals = Refusals::new(socket);
    let mut newcomers = VecDeque::with_capacity(NEWCOMERS);
    loop {
        match listener.accept().await {
            Ok(stream) => {
                if newcomers.len() == NEWCOMERS {
                    // Without effect on one that has introduced itself.
                    newcomers.pop_front().inspect(CancellationToken::cancel);
                }
                let gives_way = CancellationToken::new();
                newcomers.push_back(gives_way.clone());
                serve(Newcomer { stream, gives_way });
            }
            Err(error) => {
                refusals.log(&error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Why connections of one socket ended, for the log.
pub(crate) struct Refusals {
    socket: &'static str,
    logged: Mutex<Option<Instant>>,
}

impl Refusals {
    pub(crate) fn new(socket: &'static str) -> Self {
        Self {
            socket,
            logged: Mutex::default(),
        }
    }

    /// The end of a connection: that a peer has left is nobody's fault. A client that opens all channels and uses one of
    /// them, as the panel of jupyter-resource-usage, leaves such all the time.
    pub(crate) fn end(&self, error: &ZmtpError) {
        match error {
            ZmtpError::Closed => tracing::debug!(socket = self.socket, "a peer has left"),
            error => self.log(error),
        }
    }

    fn log(&self, error: &(dyn std::error::Error + 'static)) {
        let socket = self.socket;
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() >= REFUSALS) {
            tracing::warn!(socket, error, "refused a connection");
            *logged = Some(Instant::now());
        } else {
            tracing::debug!(socket, error, "refused a connection");
        }
    }
}
