//! `Origin`: what outputs carry as parent when they come from a message that is no cell.

use everloop_protocol::ParentHeader;
use rustpython_vm::{PyPayload, pyclass};

/// The header of a comm message, for the variable that says whose output it is.
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
}

#[pyclass(flags(HAS_WEAKREF))]
impl Origin {}
