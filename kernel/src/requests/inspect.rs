//! `inspect_request`: what an object is.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let request = request.message.content()?;
    reply(&context.interpreter.inspect(request).await?)
}
