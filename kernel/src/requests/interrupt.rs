//! `interrupt_request`: stop the cell that was run last, or all that run when it is asked again at once. Nothing happens
//! when none does.

use everloop_protocol::content::interrupt::InterruptReply;

use super::{Answer, Context, Request, reply};
use crate::processes;

pub(crate) async fn handle(context: &Context, _request: &Request) -> Answer {
    // The processes that others have started are theirs.
    if context.lanes.are_in_use() && context.interpreter.interrupt() {
        processes::interrupt_children();
    }
    reply(&InterruptReply {})
}
