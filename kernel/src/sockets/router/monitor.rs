//! What the crate says about connections. Its silence says that everything is written: the stream of events ends when
//! the last task that works for the socket has ended, and a connection's writer ends after it has handed the operating
//! system all that was sent.

use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc;
use tokio_util::sync::CancellationToken;
use zeromq::SocketEvent;

use super::gate::Gate;

/// How long the last replies may take when the kernel exits.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Watches until the socket has ended, or at most until shortly after `shutdown`.
pub(super) async fn watch(
    name: &'static str,
    events: mpsc::Receiver<SocketEvent>,
    gate: Gate,
    shutdown: CancellationToken,
) {
    let limit = async {
        shutdown.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        () = follow(name, events, &gate) => {}
        () = limit => tracing::debug!(socket = name, "the last messages are not written yet"),
    }
}

async fn follow(name: &'static str, mut events: mpsc::Receiver<SocketEvent>, gate: &Gate) {
    while let Some(event) = events.next().await {
        tracing::debug!(socket = name, ?event);
        if let SocketEvent::Accepted(_, identity) = event {
            gate.admit(&identity.into());
        }
    }
}
