//! `comm_open`, `comm_msg`, `comm_close`: no reply; the handlers of Python publish what they have to say.

use super::{Answer, Context, Request};

pub(crate) async fn handle(context: &Context, request: &Request) -> Answer {
    let handled = context.interpreter.handle_comm(request.message.clone());
    // A handler that awaits may never end; the kernel does.
    context.exit.run_until_cancelled(handled).await;
    Ok(None)
}
