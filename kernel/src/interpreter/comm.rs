//! Comm messages, from the front end to their handlers on the loop.

use std::sync::atomic::{AtomicUsize, Ordering};

use everloop_protocol::Message;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tokio::sync::oneshot;

use super::Interpreter;
use crate::native::origin::Origin;
use crate::native::{import, json};

/// How many comm messages are being handled synchronously now; a handler that turns the loop may let another begin.
static ON_STACK: AtomicUsize = AtomicUsize::new(0);

/// Whether a handler of a comm message is on the interpreter thread's stack.
pub(crate) fn handler_is_on_stack() -> bool {
    ON_STACK.load(Ordering::Acquire) > 0
}

impl Interpreter {
    /// Gives a `comm_open`, `comm_msg` or `comm_close` to its comm, between two steps of a cell if one awaits. Returns
    /// when its handlers have, also those that await, with their outputs in the outbox; `ended` is called as soon as they have.
    pub async fn handle_comm(&self, message: Message, ended: impl FnOnce() + Send + 'static) {
        let (ended_tx, returned) = oneshot::channel();
        let ended = move || {
            ended();
            // Nobody waits when the kernel shuts down.
            let _ = ended_tx.send(());
        };
        self.door.submit(Box::new(move |vm| {
            let msg_type = message.header.msg_type.clone();
            let origin =
                Origin::handled(message.as_parent(), msg_type, Box::new(ended)).into_ref(&vm.ctx);
            ON_STACK.fetch_add(1, Ordering::AcqRel);
            let handled = handle(&origin, &message, vm);
            ON_STACK.fetch_sub(1, Ordering::AcqRel);
            Origin::release(&origin);
            if let Err(raised) = handled {
                let mut text = String::new();
                // Writing to a String cannot fail, and a broken traceback is still a traceback.
                let _ = vm.write_exception(&mut text, &raised);
                tracing::warn!("a comm message failed: {text}");
            }
            Ok(())
        }));
        // It fails when the interpreter has ended, and with it all comms.
        let _ = returned.await;
    }
}

fn handle(origin: &PyRef<Origin>, message: &Message, vm: &VirtualMachine) -> PyResult<()> {
    let handler = import::from_module("everloop.comms", "handle", vm)?;
    let msg_type = message.header.msg_type.clone();
    handler.call((origin.clone(), msg_type, to_python(message, vm)?), vm)?;
    Ok(())
}

/// The message as handlers know it from ipykernel: a dict with the five parts.
fn to_python(message: &Message, vm: &VirtualMachine) -> PyResult {
    let header = serde_json::from_str(message.as_parent().raw()).unwrap_or_default();
    let parent_header = serde_json::from_str(message.parent_header.raw()).unwrap_or_default();
    let metadata = serde_json::Value::Object(message.metadata.clone());
    let memoryview = vm.ctx.types.memoryview_type.as_object();
    let buffers: Vec<PyObjectRef> = message
        .buffers
        .iter()
        .map(|buffer| memoryview.call((vm.ctx.new_bytes(buffer.to_vec()),), vm))
        .collect::<PyResult<_>>()?;
    let dict = vm.ctx.new_dict();
    for (name, value) in [
        ("header", &header),
        ("parent_header", &parent_header),
        ("metadata", &metadata),
        ("content", &message.content),
    ] {
        dict.set_item(name, json::to_python(value, vm)?, vm)?;
    }
    dict.set_item(
        "msg_id",
        vm.ctx.new_str(message.header.msg_id.as_str()).into(),
        vm,
    )?;
    dict.set_item(
        "msg_type",
        vm.ctx.new_str(message.header.msg_type.as_str()).into(),
        vm,
    )?;
    dict.set_item("buffers", vm.ctx.new_list(buffers).into(), vm)?;
    Ok(dict.into())
}
