//! Publishing under the parent of the current context.

use std::sync::OnceLock;

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;
use rustpython_vm::{
    PyObject, PyObjectRef, PyRef, PyResult, TryFromObject, VirtualMachine, builtins::PyStr,
    function::ArgBytesLike,
};
use serde_json::{Map, Value};

use super::cell::Cell;
use super::door::Door;
use super::origin::Origin;
use super::{forks, json};
use crate::outbox::Publication;

/// `everloop.parent.parent`.
fn parent_variable(vm: &VirtualMachine) -> PyResult<&'static PyObject> {
    static VARIABLE: OnceLock<PyObjectRef> = OnceLock::new();
    if let Some(variable) = VARIABLE.get() {
        return Ok(variable);
    }
    let module = super::import::from_module("everloop.parent", "parent", vm)?;
    Ok(VARIABLE.get_or_init(|| module))
}

/// What runs, directly or through what it started.
enum Source {
    Cell(PyRef<Cell>),
    Message(PyRef<Origin>),
}

/// What the parent variable of the current context holds; where it is not set, the cell that began last.
fn current_source(vm: &VirtualMachine) -> PyResult<Option<Source>> {
    let variable = parent_variable(vm)?;
    let context = vm.context_stack.borrow().last().cloned();
    if let Some(context) = context {
        // Not `ContextVar.get`: it caches by the address and the depth of a context, and we enter contexts by ourselves.
        let source = vm.call_method(&context, "get", (variable.to_owned(),))?;
        match source.downcast::<Cell>() {
            Ok(cell) => return Ok(Some(Source::Cell(cell))),
            Err(source) => {
                if let Ok(origin) = source.downcast::<Origin>() {
                    return Ok(Some(Source::Message(origin)));
                }
            }
        }
    }
    Ok(Door::of(vm)?.latest().map(Source::Cell))
}

/// The cell whose front end can be asked: a comm message has none.
pub fn current_cell(vm: &VirtualMachine) -> PyResult<Option<PyRef<Cell>>> {
    Ok(match current_source(vm)? {
        Some(Source::Cell(cell)) => Some(cell),
        Some(Source::Message(_)) | None => None,
    })
}

/// Whether the code that runs does so for `cell`, or for nobody who is known.
pub(super) fn is_of_no_other(cell: &Cell, vm: &VirtualMachine) -> PyResult<bool> {
    Ok(match current_source(vm)? {
        Some(Source::Cell(other)) => other.generation() == cell.generation(),
        Some(Source::Message(_)) => false,
        None => true,
    })
}

fn current_parent(vm: &VirtualMachine) -> PyResult<ParentHeader> {
    Ok(match current_source(vm)? {
        Some(Source::Cell(cell)) => cell.parent().clone(),
        Some(Source::Message(origin)) => origin.parent().clone(),
        None => ParentHeader::none(),
    })
}

pub(super) fn current_message(vm: &VirtualMachine) -> PyResult {
    match current_source(vm)? {
        Some(Source::Cell(cell)) => cell.to_message(vm),
        Some(Source::Message(origin)) => origin.to_message(vm),
        None => Ok(vm.ctx.new_dict().into()),
    }
}

pub(super) fn publish(
    msg_type: &PyStr,
    content: &PyObject,
    metadata: Option<PyObjectRef>,
    buffers: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if forks::is_child() {
        // It has nobody to tell but by its descriptors.
        return Ok(());
    }
    let parent = current_parent(vm)?;
    let content = json::from_python(content, vm)?;
    let metadata = match metadata.filter(|metadata| !vm.is_none(metadata)) {
        Some(metadata) => json::from_python(&metadata, vm)?,
        None => Value::Object(Map::new()),
    };
    let buffers = match buffers.filter(|buffers| !vm.is_none(buffers)) {
        Some(buffers) => buffers_of(&buffers, vm)?,
        None => Vec::new(),
    };
    let msg_type = msg_type.to_string_lossy();
    let outbox = &Door::of(vm)?.outbox;
    vm.allow_threads(|| {
        outbox.publish_with(Publication {
            parent: &parent,
            msg_type: &msg_type,
            metadata,
            content,
            buffers,
        });
    });
    Ok(())
}

fn buffers_of(buffers: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<Bytes>> {
    let buffers: Vec<PyObjectRef> = buffers.try_to_value(vm)?;
    buffers
        .into_iter()
        .map(|buffer| {
            let bytes = ArgBytesLike::try_from_object(vm, buffer)?;
            Ok(bytes.with_ref(Bytes::copy_from_slice))
        })
        .collect()
}

pub(super) fn write_stream(name: &PyStr, text: &PyStr, vm: &VirtualMachine) -> PyResult<()> {
    let parent = current_parent(vm)?;
    let name = if name.as_bytes() == b"stderr" {
        StreamName::Stderr
    } else {
        StreamName::Stdout
    };
    let text = text.to_string_lossy();
    if forks::is_child() {
        forks::write(name, &text);
        return Ok(());
    }
    let outbox = &Door::of(vm)?.outbox;
    // A flood of text waits for front ends to read.
    vm.allow_threads(|| outbox.stream(&parent, name, &text));
    Ok(())
}
