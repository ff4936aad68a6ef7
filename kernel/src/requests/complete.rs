//! `complete_request`: how the code could go on.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    reply(
        &context
            .interpreter
            .complete(request.message.content()?)
            .await,
    )
}
