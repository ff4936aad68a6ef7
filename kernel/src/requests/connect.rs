//! `connect_request`: the ports of this kernel.

use everloop_protocol::content::connect::ConnectReply;

use super::{Answer, Context, Request, reply};

pub(crate) async fn handle(context: &Context, _request: &Request) -> Answer {
    let connection = &context.connection;
    reply(&ConnectReply {
        shell_port: connection.shell_port,
        iopub_port: connection.iopub_port,
        stdin_port: connection.stdin_port,
        control_port: connection.control_port,
        hb_port: connection.hb_port,
    })
}
