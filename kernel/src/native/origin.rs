//! `Origin`: what outputs carry as parent when they come from a message that is no cell.

use everloop_protocol::ParentHeader;
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, builtins::PyType, pyclass,
    types::Constructor,
};
use serde_json::{Map, Value, json};

use super::json as python_json;

/// The header of a message, for the variable that says whose output it is.
#[pyclass(module = "_everloop", name = "Origin")]
#[derive(Debug, PyPayload)]
pub struct Origin {
    parent: ParentHeader,
}

impl Origin {
    pub fn new(parent: ParentHeader) -> Self {
        Self { parent }
    }

    pub fn parent(&self) -> &ParentHeader {
        &self.parent
    }

    /// The message as far as it is known: a dict with the parts of the specification.
    pub fn to_message(&self, vm: &VirtualMachine) -> PyResult {
        message(&self.parent, &Map::new(), &json!({}), vm)
    }
}

/// A message as Python code knows it from ipykernel.
pub(super) fn message(
    header: &ParentHeader,
    metadata: &Map<String, Value>,
    content: &Value,
    vm: &VirtualMachine,
) -> PyResult {
    let parts: Value = serde_json::from_str(header.raw()).unwrap_or_default();
    let message = json!({
        "header": parts,
        "msg_id": header.msg_id(),
        "msg_type": header.msg_type(),
        "parent_header": {},
        "metadata": metadata,
        "content": content,
        "buffers": [],
    });
    python_json::to_python(&message, vm)
}

impl Constructor for Origin {
    type Args = (PyObjectRef,);

    /// From the header of a message, a dict.
    fn py_new(_class: &Py<PyType>, (header,): Self::Args, vm: &VirtualMachine) -> PyResult<Self> {
        let header = python_json::from_python(&header, vm)?;
        let parent = ParentHeader::from_json(&header.to_string())
            .map_err(|error| vm.new_value_error(format!("not a message header: {error}")))?;
        Ok(Self::new(parent))
    }
}

#[pyclass(flags(HAS_WEAKREF), with(Constructor))]
impl Origin {}
