//! The route table: from a type of message to its handler.

use std::pin::Pin;

use crate::requests::{
    Answer, Context, Request, comm, comm_info, complete, connect, history, inspect, interrupt,
    is_complete, kernel_info, shutdown, unsupported, usage,
};

type Handling<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
type Handler = for<'a> fn(&'a Context, &'a Request) -> Handling<'a>;

/// Whether the next message waits for the handler.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// It does, so that order is kept; such a handler never waits for Python or a disk.
    AtOnce,
    /// It does not.
    MayTakeTime,
}

#[derive(Clone, Copy)]
pub(super) struct Route {
    msg_type: &'static str,
    pub(super) pace: Pace,
    pub(super) handler: Handler,
}

macro_rules! routes {
    ($($msg_type:literal => $pace:ident $handler:path),* $(,)?) => {
        &[$(Route {
            msg_type: $msg_type,
            pace: Pace::$pace,
            handler: |context, request| Box::pin($handler(context, request)),
        }),*]
    };
}

/// `execute_request` has its queue, see `cells`.
pub(super) const SHELL: &[Route] = routes! {
    "kernel_info_request" => AtOnce kernel_info::handle,
    "complete_request" => MayTakeTime complete::handle,
    "inspect_request" => MayTakeTime inspect::handle,
    "is_complete_request" => MayTakeTime is_complete::handle,
    "history_request" => MayTakeTime history::handle,
    "comm_info_request" => MayTakeTime comm_info::handle,
    "comm_open" => MayTakeTime comm::handle,
    "comm_msg" => MayTakeTime comm::handle,
    "comm_close" => MayTakeTime comm::handle,
    "connect_request" => AtOnce connect::handle,
    "shutdown_request" => AtOnce shutdown::handle,
};

/// One after the other whatever the pace, and none that waits for Python.
pub(super) const CONTROL: &[Route] = routes! {
    "kernel_info_request" => AtOnce kernel_info::handle,
    "interrupt_request" => AtOnce interrupt::handle,
    "shutdown_request" => AtOnce shutdown::handle,
    "usage_request" => AtOnce usage::handle,
    "connect_request" => AtOnce connect::handle,
    "is_complete_request" => AtOnce is_complete::handle,
    "debug_request" => AtOnce unsupported::debugger,
    "create_subshell_request" => AtOnce unsupported::subshells,
    "delete_subshell_request" => AtOnce unsupported::subshells,
    "list_subshell_request" => AtOnce unsupported::subshells,
};

const UNKNOWN: Route = Route {
    msg_type: "",
    pace: Pace::AtOnce,
    handler: |context, request| Box::pin(async { unsupported::unknown(context, request) }),
};

pub(super) fn find(routes: &'static [Route], msg_type: &str) -> Route {
    let route = routes.iter().find(|route| route.msg_type == msg_type);
    *route.unwrap_or(&UNKNOWN)
}
