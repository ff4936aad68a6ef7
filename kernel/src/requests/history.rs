//! `history_request`: what was run before.

use everloop_protocol::content::history::HistoryRequest;

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let wanted: HistoryRequest = request.message.content()?;
    reply(&context.history.query_async(&wanted).await)
}
