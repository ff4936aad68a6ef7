//! `debug_request`, `debug_reply` (control) and `debug_event` (iopub): messages of the Debug Adapter Protocol.
//!
//! See <https://microsoft.github.io/debug-adapter-protocol/specification>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request to the debug adapter, or one of Jupyter's own commands (`debugInfo`, `dumpCell`, ...).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebugRequest {
    /// The request's number.
    #[serde(default)]
    pub seq: i64,
    /// The command.
    pub command: String,
    /// What belongs to the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// `type` and whatever else came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What the debug adapter answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebugReply {
    /// The reply's number.
    #[serde(default)]
    pub seq: i64,
    /// The number of its request.
    #[serde(default)]
    pub request_seq: i64,
    /// Whether it worked.
    pub success: bool,
    /// The request's command.
    pub command: String,
    /// Why it did not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What belongs to the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// `type` and whatever else came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What the debug adapter reports by itself, as `stopped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebugEvent {
    /// The event's number.
    #[serde(default)]
    pub seq: i64,
    /// The event's name.
    pub event: String,
    /// What belongs to the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// `type` and whatever else came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
