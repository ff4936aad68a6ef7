//! The lookup thread: a second thread of the interpreter (there is no GIL) that completes and inspects on the live
//! namespace while cells run.

use std::sync::mpsc;

use everloop_protocol::content::comm_info::{CommInfoReply, CommInfoRequest};
use everloop_protocol::content::complete::{CompleteReply, CompleteRequest};
use everloop_protocol::content::inspect::{InspectReply, InspectRequest};
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine, vm::thread::ThreadedVirtualMachine};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::native::door::Door;
use crate::native::json;

/// No matches, at the cursor.
fn nothing(cursor: Option<usize>) -> CompleteReply {
    let cursor = cursor.unwrap_or_default();
    CompleteReply {
        cursor_start: cursor,
        cursor_end: cursor,
        ..CompleteReply::default()
    }
}

pub(super) enum Lookup {
    Complete(CompleteRequest, oneshot::Sender<CompleteReply>),
    Inspect(InspectRequest, oneshot::Sender<InspectReply>),
    CommInfo(CommInfoRequest, oneshot::Sender<CommInfoReply>),
}

/// The lookup thread's end.
pub(super) type Requests = mpsc::Receiver<Lookup>;

/// Asks the lookup thread.
#[derive(Clone)]
pub(super) struct Lookups {
    requests: mpsc::Sender<Lookup>,
}

pub(super) fn channel() -> (Lookups, Requests) {
    let (requests, receiver) = mpsc::channel();
    (Lookups { requests }, receiver)
}

impl Lookups {
    pub(super) async fn complete(&self, request: CompleteRequest) -> CompleteReply {
        let cursor = request.cursor_pos;
        let (reply_tx, reply) = oneshot::channel();
        // A closed channel drops the sender of the reply, which says so below.
        let _ = self.requests.send(Lookup::Complete(request, reply_tx));
        reply.await.unwrap_or_else(|_| nothing(cursor))
    }

    pub(super) async fn comm_info(&self, request: CommInfoRequest) -> CommInfoReply {
        let (reply_tx, reply) = oneshot::channel();
        let _ = self.requests.send(Lookup::CommInfo(request, reply_tx));
        reply.await.unwrap_or_default()
    }

    pub(super) async fn inspect(&self, request: InspectRequest) -> InspectReply {
        let (reply_tx, reply) = oneshot::channel();
        let _ = self.requests.send(Lookup::Inspect(request, reply_tx));
        reply.await.unwrap_or_default()
    }
}

/// Answers lookups until the last handle of the interpreter is gone.
pub(super) fn start(thread: ThreadedVirtualMachine, requests: Requests) {
    let spawned =
        std::thread::Builder::new()
            .name("lookup".to_owned())
            .spawn(thread.make_spawn_func(move |vm| {
                // One that arrived here would not end what the interpreter thread waits for.
                super::thread::leave_interrupts_to_python();
                while let Ok(lookup) = vm.allow_threads(|| requests.recv()) {
                    answer(lookup, vm);
                }
            }));
    if let Err(error) = spawned {
        tracing::error!(%error, "completions and inspections will not be answered");
    }
}

fn answer(lookup: Lookup, vm: &VirtualMachine) {
    match lookup {
        Lookup::Complete(request, reply_tx) => {
            let cursor = request.cursor_pos;
            let reply = call(vm, "complete", |module, namespace| {
                vm.call_method(&module, "complete", (request.code, cursor, namespace))
            });
            // Whoever asked may be gone.
            let _ = reply_tx.send(reply.unwrap_or_else(|| nothing(cursor)));
        }
        Lookup::Inspect(request, reply_tx) => {
            let detail = request.detail_level as usize;
            let reply = call(vm, "inspect", |module, namespace| {
                vm.call_method(
                    &module,
                    "inspect",
                    (request.code, request.cursor_pos, detail, namespace),
                )
            });
            let _ = reply_tx.send(reply.unwrap_or_default());
        }
        Lookup::CommInfo(request, reply_tx) => {
            let reply = call(vm, "comm_info", |_, _| {
                let info = crate::native::import::from_module("everloop.comms", "info", vm)?;
                info.call((request.target_name,), vm)
            });
            let _ = reply_tx.send(reply.unwrap_or_default());
        }
    }
}

/// Calls `everloop.lookups` on the user's namespace; a failure there is ours, and is logged.
fn call<T: DeserializeOwned>(
    vm: &VirtualMachine,
    what: &str,
    function: impl FnOnce(PyObjectRef, PyObjectRef) -> PyResult,
) -> Option<T> {
    let answer: PyResult<_> = (|| {
        let door = Door::of(vm)?;
        // Who asks while Python comes up is answered when it is.
        let main = vm.allow_threads(|| door.wait_for_main());
        let namespace = main.shell.get_attr("user_ns", vm)?;
        let module = crate::native::import::from_module("everloop", "lookups", vm)?;
        let answer = function(module, namespace)?;
        json::from_python(&answer, vm)
    })();
    match answer {
        Ok(answer) => serde_json::from_value(answer)
            .map_err(|error| tracing::warn!(%error, what, "lookup"))
            .ok(),
        Err(raised) => {
            let mut text = String::new();
            let _ = vm.write_exception(&mut text, &raised);
            tracing::warn!(what, "lookup failed: {text}");
            None
        }
    }
}
