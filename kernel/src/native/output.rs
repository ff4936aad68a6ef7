//! Publishing under the parent of the current context.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;
use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyStr, PyTypeRef},
    function::{ArgBytesLike, ItemDoc, PyMethodFlags},
};

use super::cell::Cell;
use super::door::Door;
use super::origin::Origin;
use super::{forks, json};
use crate::outbox::{NOTHING, Publication, Wait};

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
    let content = json_of(content, vm)?;
    let metadata = match metadata.filter(|metadata| !vm.is_none(metadata)) {
        Some(metadata) => json_of(&metadata, vm)?,
        None => NOTHING,
    };
    let buffers = match buffers.filter(|buffers| !vm.is_none(buffers)) {
        Some(buffers) => buffers_of(&buffers, vm)?,
        None => Vec::new(),
    };
    let msg_type = msg_type.to_string_lossy();
    let wait = match &*msg_type {
        // The cell begins, or is about to end: the rest follows.
        "execute_input" | "execute_result" => Wait::Company,
        _ => Wait::No,
    };
    let outbox = &Door::of(vm)?.outbox;
    vm.allow_threads(|| {
        outbox.publish_with(Publication {
            parent: &parent,
            msg_type: &msg_type,
            metadata,
            content,
            buffers,
            wait,
        });
    });
    Ok(())
}

fn json_of(value: &PyObject, vm: &VirtualMachine) -> PyResult<Bytes> {
    let mut text = Vec::with_capacity(256);
    json::write(value, &mut text, vm)?;
    // It may have to wait for a front end, and what waits is counted by its length.
    if text.capacity() - text.len() > text.len() / 4 {
        text.shrink_to_fit();
    }
    Ok(text.into())
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

/// The text, in which half a surrogate pair, of which there is no UTF-8, is an escape: `backslashreplace`.
fn with_escapes(text: &PyStr) -> Cow<'_, str> {
    if let Some(text) = text.to_str() {
        return text.into();
    }
    let mut escaped = String::new();
    for code_point in text.as_wtf8().code_points() {
        match code_point.to_char() {
            Some(char) => escaped.push(char),
            None => {
                write!(escaped, "\\u{:x}", code_point.to_u32()).expect("a string takes everything");
            }
        }
    }
    escaped.into()
}

pub(super) fn write_stream(name: &PyStr, text: &PyStr, vm: &VirtualMachine) -> PyResult<()> {
    let parent = current_parent(vm)?;
    let name = if name.as_bytes() == b"stderr" {
        StreamName::Stderr
    } else {
        StreamName::Stdout
    };
    let text = with_escapes(text);
    if forks::is_child() {
        forks::write(name, &text);
        return Ok(());
    }
    let outbox = &Door::of(vm)?.outbox;
    if !outbox.stream_if_room(&parent, name, &text) {
        // A flood of text waits for front ends to read.
        vm.allow_threads(|| outbox.stream(&parent, name, &text));
    }
    Ok(())
}

/// Gives `class`, a text stream whose instances have `_name`, its method `write`: `print` calls it twice for each line.
pub(super) fn give_write(class: PyTypeRef, vm: &VirtualMachine) {
    let doc = ItemDoc {
        text: Some("write($self, text, /)\n--\n\nPublish `text`; returns its length."),
        ..ItemDoc::NONE
    };
    let method = vm
        .ctx
        .new_method_def("write", write, PyMethodFlags::METHOD, doc);
    // A method refers to its class for ever; there is one such class.
    let class = &**Box::leak(Box::new(class));
    let method = method.build_method(class, vm);
    class.set_attr(vm.ctx.intern_str("write"), method.into());
}

fn write(stream: PyObjectRef, text: PyObjectRef, vm: &VirtualMachine) -> PyResult<usize> {
    let Some(text) = text.downcast_ref::<PyStr>() else {
        let class = text.class().name().to_string();
        return Err(vm.new_type_error(format!("write() argument must be str, not {class}")));
    };
    if text.is_empty() {
        return Ok(0);
    }
    let name = stream.get_attr("_name", vm)?;
    let name = name.downcast_ref::<PyStr>();
    let name = name.ok_or_else(|| vm.new_type_error("the stream has no name"))?;
    write_stream(name, text, vm)?;
    Ok(text.char_len())
}
