//! `is_complete_request`: whether Enter runs the code or starts another line.

use everloop_protocol::content::is_complete::{IsCompleteReply, IsCompleteRequest};

use super::{Answer, Context, Request, reply};
use crate::cell::{Completeness, completeness};

pub(crate) async fn handle(_context: &Context, request: &Request) -> Answer {
    let IsCompleteRequest { code } = request.message.content()?;
    reply(&match completeness(&code) {
        Completeness::Complete => IsCompleteReply::Complete,
        Completeness::Incomplete { indent } => IsCompleteReply::Incomplete { indent },
        Completeness::Invalid => IsCompleteReply::Invalid,
        Completeness::Unknown => IsCompleteReply::Unknown,
    })
}
