//! `comm_info_request`: which comms are open.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    reply(
        &context
            .interpreter
            .comm_info(request.message.content()?)
            .await,
    )
}
