//! `comm_open`, `comm_msg`, `comm_close`: no reply; the handlers of Python publish what they have to say.

use super::{Answer, Context, Request};
use crate::outbox::Wait;

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let (outbox, parent, idle) = (
        context.outbox.clone(),
        request.parent.clone(),
        request.idle.clone(),
    );
    // On the thread that ends the handling, so that it goes in one piece with what the handlers publish.
    let ended = move || idle.say(&outbox, &parent, Wait::No);
    let message = request.message.clone();
    let handled = context.interpreter.handle_comm(message, ended);
    // A handler that awaits may never end; the kernel does.
    context.exit.run_until_cancelled(handled).await;
    Ok(None)
}
