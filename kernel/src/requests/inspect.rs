//! `inspect_request`: what an object is.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    reply(
        &context
            .interpreter
            .inspect(request.message.content()?)
            .await,
    )
}
