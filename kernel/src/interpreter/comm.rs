//! Comm messages, from the front end to their handlers on the loop.

use everloop_protocol::Message;
use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tokio::sync::oneshot;

use super::Interpreter;
use crate::native::door::Door;
use crate::native::origin::Origin;
use crate::native::{import, json};

impl Interpreter {
    /// Gives a `comm_open`, `comm_msg` or `comm_close` to its comm, between two steps of a cell if one awaits. Returns
    /// when the handler has, with its outputs on their way.
    pub async fn handle_comm(&self, message: Message) {
        let (done_tx, done) = oneshot::channel();
        self.door.submit(Box::new(move |vm| {
            if let Err(raised) = handle(&message, vm) {
                let mut text = String::new();
                // Writing to a String cannot fail, and a broken traceback is still a traceback.
                let _ = vm.write_exception(&mut text, &raised);
                tracing::warn!("a comm message failed: {text}");
            }
            // Nobody waits when the kernel shuts down.
            let _ = done_tx.send(());
            Ok(())
        }));
        // It fails when the interpreter has ended, and with it all comms.
        let _ = done.await;
        self.door.outbox.flush().await;
    }
}

fn handle(message: &Message, vm: &VirtualMachine) -> PyResult<()> {
    let handler = import::from_module("everloop.comms", "handle", vm)?;
    let origin = Origin::new(message.as_parent()).into_pyobject(vm);
    let msg_type = message.header.msg_type.clone();
    handler.call((origin, msg_type, to_python(message, vm)?), vm)?;
    Ok(())
}

/// The message as handlers know it from ipykernel: a dict with the five parts.
fn to_python(message: &Message, vm: &VirtualMachine) -> PyResult {
    let header = serde_json::from_str(message.as_parent().raw()).unwrap_or_default();
    let parent_header = serde_json::from_str(message.parent_header.raw()).unwrap_or_default();
    let metadata = serde_json::Value::Object(message.metadata.clone());
    let buffers: Vec<PyObjectRef> = message
        .buffers
        .iter()
        .map(|buffer| vm.ctx.new_bytes(buffer.to_vec()).into())
        .collect();
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
