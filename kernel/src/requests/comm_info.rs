//! `comm_info_request`: which comms are open.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let request = request.message.content()?;
    reply(&context.interpreter.comm_info(request).await?)
}
