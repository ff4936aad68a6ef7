//! What the crate says about connections goes to the log. Its silence says that everything is written: the stream
//! of events ends when the last task that works for the socket has ended, and a peer's writer ends after it has
//! handed the operating system all that was sent.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::channel::mpsc;
use tokio_util::sync::CancellationToken;
use zeromq::{SocketEvent, ZmqError};

use crate::sockets::zmtp::has_left;
use crate::sockets::zmtp::listener::SocketFile;

/// How long the last replies may take when the kernel exits. A peer that does not read, or never finished its
/// handshake, is left to the end of the process.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// A peer that is refused comes again at once, and again: the log hears of it this often.
const REFUSALS: Duration = Duration::from_secs(1);

/// Logs until the socket has ended, or at most until shortly after `shutdown`. `file` goes with the socket.
pub(super) async fn watch(
    name: &'static str,
    events: mpsc::Receiver<SocketEvent>,
    file: Option<SocketFile>,
    shutdown: CancellationToken,
) {
    let limit = async {
        shutdown.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        () = log(name, events) => {}
        () = limit => tracing::debug!(socket = name, "a peer did not take its last messages"),
    }
    drop(file);
}

async fn log(name: &'static str, mut events: mpsc::Receiver<SocketEvent>) {
    let mut refused: Option<Instant> = None;
    while let Some(event) = events.next().await {
        match event {
            SocketEvent::AcceptFailed(error) if !never_came(&error) => {
                if refused.is_none_or(|at| at.elapsed() >= REFUSALS) {
                    tracing::warn!(socket = name, %error, "refused a connection");
                    refused = Some(Instant::now());
                }
            }
            event => tracing::debug!(socket = name, ?event),
        }
    }
}

/// Whether the connection ended before the peer had introduced itself, which is nobody's fault: a client that opens all
/// channels and uses one of them, as the panel of jupyter-resource-usage, leaves such all the time.
fn never_came(error: &ZmqError) -> bool {
    match error {
        ZmqError::Other(text) => {
            matches!(*text, "Failed Greeting exchange" | "No reply from server")
        }
        ZmqError::Network(error) => has_left(error),
        // In the middle of what it said; a peer that says nonsense has no I/O error as its source.
        ZmqError::Codec(error) => {
            matches!(error.source(), Some(source) if source.is::<io::Error>())
        }
        _ => false,
    }
}
