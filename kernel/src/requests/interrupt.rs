//! `interrupt_request`: stop the cell that was run last, or all that run when it is asked again at once; when none does,
//! the handler of a comm message. Else nothing happens.

use everloop_protocol::content::interrupt::InterruptReply;

use super::{Answer, Context, Request, reply};
use crate::interpreter::handler_is_on_stack;
use crate::processes;

pub(crate) async fn handle(context: &Context, _request: &Request) -> Answer {
    // The processes that others have started are theirs.
    let is_needed = context.lanes.are_in_use() || handler_is_on_stack();
    if is_needed && context.interpreter.interrupt() {
        processes::interrupt_children();
    }
    reply(&InterruptReply {})
}
