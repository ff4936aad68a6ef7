//! `create_subshell`, `delete_subshell`, `list_subshell` (control): further shells beside the main one.
//!
//! See <https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html>.

use serde::{Deserialize, Serialize};

/// Make a subshell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSubshellRequest {}

/// The new subshell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct CreateSubshellReply {
    /// Its id, for the `subshell_id` of headers.
    pub subshell_id: String,
}

/// End a subshell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSubshellRequest {
    /// Its id.
    pub subshell_id: String,
}

/// It is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct DeleteSubshellReply {}

/// Which subshells are there?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSubshellRequest {}

/// The ids of the subshells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct ListSubshellReply {
    /// The ids; the specification's name is in the singular.
    pub subshell_id: Vec<String>,
}
