//! `error` (iopub): an exception, and the three fields that every failed reply has.

use serde::{Deserialize, Serialize};

/// What happened. Fields that are absent are empty, as other kernels leave them out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorContent {
    /// The name of the exception's type.
    pub ename: String,
    /// The exception's text.
    pub evalue: String,
    /// The traceback as lines or blocks of lines, with ANSI colours.
    pub traceback: Vec<String>,
}
