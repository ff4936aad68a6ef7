//! `shutdown_request`: reply, tell everybody on iopub, then exit.

use everloop_protocol::content::shutdown::{ShutdownReply, ShutdownRequest};

use super::{Answer, Context, Reply, Request, Then, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let ShutdownRequest { restart } = request.message.content()?;
    let shutdown = ShutdownReply { restart };
    context
        .outbox
        .publish(&request.parent, "shutdown_reply", shutdown);
    Ok(reply(&shutdown)?.map(|reply| Reply {
        then: Then::Exit,
        ..reply
    }))
}
