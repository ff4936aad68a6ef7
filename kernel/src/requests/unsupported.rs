//! Requests that this kernel knows of and cannot do, and those that it does not know.
//!
//! `supported_features` names neither debugger nor subshells, so only a client that does not look gets here. A
//! request of an unknown type is answered too, with an error, since its sender waits for a reply; other unknown
//! messages have no reply.

use super::{Answer, Context, Request, RequestError};

pub(crate) async fn debugger(_context: &Context, _request: &Request) -> Answer {
    Err(RequestError::NotSupported {
        what: "debugging".to_owned(),
    })
}

pub(crate) async fn subshells(_context: &Context, _request: &Request) -> Answer {
    Err(RequestError::NotSupported {
        what: "subshells".to_owned(),
    })
}

pub(crate) fn unknown(_context: &Context, request: &Request) -> Answer {
    let msg_type = request.msg_type();
    tracing::warn!(msg_type, "unknown type of message");
    if !msg_type.ends_with("_request") {
        return Ok(None);
    }
    Err(RequestError::NotSupported {
        what: format!("messages of type {msg_type:?} here"),
    })
}
