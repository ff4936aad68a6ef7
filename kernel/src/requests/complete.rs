//! `complete_request`: how the code could go on.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let request = request.message.content()?;
    reply(&context.interpreter.complete(request).await?)
}
