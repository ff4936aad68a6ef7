//! From a question to what Python says: `everloop.lookups.answers`, on the user's namespace.

use std::sync::OnceLock;

use everloop_protocol::content::comm_info::CommInfoRequest;
use everloop_protocol::content::complete::CompleteRequest;
use everloop_protocol::content::inspect::InspectRequest;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use serde_json::value::RawValue;

use crate::native::door::Door;
use crate::native::panics::caught;
use crate::native::{import, json};

/// Once imported it stays here: an import may run code of the user, who can replace `__import__`.
static ANSWERS: OnceLock<PyObjectRef> = OnceLock::new();

pub(super) enum Question {
    Complete(CompleteRequest),
    Inspect(InspectRequest),
    CommInfo(CommInfoRequest),
}

/// How far a thread goes for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Full,
    Static,
}

/// The content of the reply, or None when there is none: a failure here is ours, and is logged.
pub(super) fn answer(
    question: &Question,
    depth: Depth,
    vm: &VirtualMachine,
) -> Option<Box<RawValue>> {
    let answer = Door::of(vm).and_then(|door| {
        let namespace = door.wait_for_main().shell.get_attr("user_ns", vm)?;
        caught(vm, || {
            let answer = call(question, depth, namespace, vm)?;
            raw(&answer, vm)
        })
    });
    answer.map_err(|raised| report(&raised, vm)).ok()
}

fn call(
    question: &Question,
    depth: Depth,
    namespace: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult {
    let answers = answers(vm)?;
    let full = depth == Depth::Full;
    match question {
        Question::Complete(request) => {
            let code = request.code.as_str();
            let args = (code.to_owned(), request.cursor_pos, namespace, full);
            vm.call_method(answers, "complete", args)
        }
        Question::Inspect(request) => {
            let detail = usize::from(request.detail_level);
            let code = request.code.as_str();
            let args = (code.to_owned(), request.cursor_pos, detail, namespace, full);
            vm.call_method(answers, "inspect", args)
        }
        Question::CommInfo(request) => {
            vm.call_method(answers, "comm_info", (request.target_name.clone(),))
        }
    }
}

/// What Python says as JSON, made here, so that nobody else has to look at it.
fn raw(answer: &PyObject, vm: &VirtualMachine) -> PyResult<Box<RawValue>> {
    let mut text = Vec::with_capacity(4096);
    json::write(answer, &mut text, vm)?;
    let text = String::from_utf8(text).map_err(|error| vm.new_value_error(error.to_string()))?;
    RawValue::from_string(text).map_err(|error| vm.new_value_error(error.to_string()))
}

fn answers(vm: &VirtualMachine) -> PyResult<&'static PyObjectRef> {
    if let Some(answers) = ANSWERS.get() {
        return Ok(answers);
    }
    let answers = import::from_module("everloop.lookups", "answers", vm)?;
    Ok(ANSWERS.get_or_init(|| answers))
}

fn report(raised: &rustpython_vm::builtins::PyBaseExceptionRef, vm: &VirtualMachine) {
    let mut text = String::new();
    // Writing to a String cannot fail, and a broken traceback is still a traceback.
    let _ = vm.write_exception(&mut text, raised);
    tracing::warn!("a lookup failed: {text}");
}
