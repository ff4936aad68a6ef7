//! `usage_request`: what the kernel uses of the machine.

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, _request: &Request) -> Answer {
    reply(&context.meter.read())
}
