//! `comm_open`, `comm_msg`, `comm_close`: messages between objects of the kernel and of the front end.
//!
//! They arrive on shell and are sent on iopub; nobody replies to them. Buffers stand behind the message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::null_as_default;

/// Open a comm. Who does not know the target answers with [`CommClose`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommOpen {
    /// The comm's id, chosen by who opens it.
    pub comm_id: String,
    /// Who is to handle it, as `jupyter.widget`.
    pub target_name: String,
    /// The module that has the target; from before protocol 5.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_module: Option<String>,
    /// The first data.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Map<String, Value>,
}

/// Data for the other side of a comm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommMsg {
    /// The comm's id.
    pub comm_id: String,
    /// The data.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Map<String, Value>,
}

/// The comm is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommClose {
    /// The comm's id.
    pub comm_id: String,
    /// The last data.
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Map<String, Value>,
}
