//! Heartbeat: the same bytes back, whatever they are.
//!
//! A ROUTER and not a REP, which would drop what has no delimiter. On a task of its own: it answers however busy
//! Python, the shell or the control channel is.

use super::router::Router;

/// Bytes of a message at most: clients send a few, and whatever they send is sent back.
pub(crate) const MESSAGE_LIMIT: usize = 1 << 20;

pub(crate) async fn run(mut router: Router) {
    let sender = router.sender();
    loop {
        let frames = router.recv().await;
        if let Err(error) = sender.send(frames) {
            tracing::debug!(socket = "heartbeat", %error, "cannot answer");
        }
    }
}
