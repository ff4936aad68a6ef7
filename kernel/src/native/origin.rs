//! `Origin`: what outputs carry as parent when they come from a message that is no cell.

use std::sync::{Mutex, PoisonError};

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
    /// None for a message of which only the header is known.
    handling: Option<Mutex<Handling>>,
}

/// Called when the handling of a message has ended.
pub(crate) type Ended = Box<dyn FnOnce() + Send>;

/// The handling of a message, from busy to idle.
struct Handling {
    /// The name of the tasks that are handlers.
    name: String,
    /// The handlers that have not ended, and whoever else wants the message not to be idle.
    holders: usize,
    /// Called when the message may be idle, and gone then.
    ended: Option<Ended>,
}

impl std::fmt::Debug for Handling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handling")
            .field("name", &self.name)
            .field("holders", &self.holders)
            .finish_non_exhaustive()
    }
}

impl Origin {
    pub fn new(parent: ParentHeader) -> Self {
        Self {
            parent,
            handling: None,
        }
    }

    /// Of a message whose handling begins; held once. `ended` is called when nobody holds it.
    pub fn handled(parent: ParentHeader, name: String, ended: Ended) -> Self {
        Self {
            parent,
            handling: Some(Mutex::new(Handling {
                name,
                holders: 1,
                ended: Some(ended),
            })),
        }
    }

    fn of_handling<T>(&self, action: impl FnOnce(&mut Handling) -> T) -> Option<T> {
        let handling = self.handling.as_ref()?;
        Some(action(
            &mut handling.lock().unwrap_or_else(PoisonError::into_inner),
        ))
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
impl Origin {
    /// What the tasks of its handlers are called; None if no handlers of it are known.
    #[pygetset]
    fn name(zelf: &Py<Self>) -> Option<String> {
        zelf.of_handling(|handling| handling.name.clone())
    }

    #[pygetset(setter)]
    fn set_name(zelf: &Py<Self>, name: String) {
        zelf.of_handling(|handling| handling.name = name);
    }

    /// Whether front ends have been told that its handling has ended.
    #[pygetset]
    fn is_idle(zelf: &Py<Self>) -> bool {
        zelf.of_handling(|handling| handling.ended.is_none())
            .unwrap_or(false)
    }

    /// Keeps it from being idle until as many calls of `release`; returns False if there is nothing to keep.
    #[pymethod]
    fn hold(zelf: &Py<Self>) -> bool {
        zelf.of_handling(|handling| {
            let is_open = handling.ended.is_some();
            handling.holders += usize::from(is_open);
            is_open
        })
        .unwrap_or(false)
    }

    #[pymethod]
    pub(crate) fn release(zelf: &Py<Self>) {
        let ended = zelf.of_handling(|handling| {
            handling.holders = handling.holders.saturating_sub(1);
            let is_free = handling.holders == 0;
            is_free.then(|| handling.ended.take()).flatten()
        });
        if let Some(Some(ended)) = ended {
            ended();
        }
    }
}
