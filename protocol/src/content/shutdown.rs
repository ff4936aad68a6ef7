//! `shutdown_request`, `shutdown_reply` (control, and shell for old clients).

use serde::{Deserialize, Serialize};

use crate::json::null_as_default;

/// Stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutdownRequest {
    /// Whether the client starts the kernel again afterwards.
    #[serde(default, deserialize_with = "null_as_default")]
    pub restart: bool,
}

/// The kernel stops now. It is sent as a reply, and on iopub for the other clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct ShutdownReply {
    /// As in the request.
    #[serde(default)]
    pub restart: bool,
}
