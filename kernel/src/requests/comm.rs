//! `comm_open`, `comm_msg`, `comm_close`: no target is registered yet, so every comm is closed again at once.

use everloop_protocol::content::comm::{CommClose, CommMsg, CommOpen};
use serde_json::Map;

use super::{Answer, Context, Request};

pub(crate) async fn open(context: &Context, request: &Request) -> Answer {
    let comm: CommOpen = request.message.content()?;
    tracing::info!(target_name = comm.target_name, "no such comm target");
    let close = CommClose {
        comm_id: comm.comm_id,
        data: Map::new(),
    };
    context
        .outbox
        .publish(&request.parent, "comm_close", &close);
    Ok(None)
}

/// For a comm that was closed when it was opened: clients may have sent more by then.
pub(crate) async fn message(_context: &Context, request: &Request) -> Answer {
    let comm: CommMsg = request.message.content()?;
    tracing::debug!(
        comm_id = comm.comm_id,
        msg_type = request.msg_type(),
        "no such comm"
    );
    Ok(None)
}
