//! `interrupt_request`: stop the cell that runs, or the comm handler. Nothing happens when none does.

use std::sync::atomic::Ordering;

use everloop_protocol::content::interrupt::InterruptReply;

use super::{Answer, Context, Request, reply};
use crate::interpreter::handler_is_on_stack;
use crate::processes;

pub(crate) async fn handle(context: &Context, _request: &Request) -> Answer {
    if context.cell_runs.load(Ordering::Acquire) || handler_is_on_stack() {
        context.interpreter.interrupt();
        processes::interrupt_children();
    }
    reply(&InterruptReply {})
}
