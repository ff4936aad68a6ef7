//! `comm_info_request`: which comms are open.

use everloop_protocol::content::comm_info::{CommInfoReply, CommInfoRequest};

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(_context: &Context, request: &Request) -> Answer {
    let _: CommInfoRequest = request.message.content()?;
    // `comm::open` accepts none.
    reply(&CommInfoReply::default())
}
