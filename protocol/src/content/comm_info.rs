//! `comm_info_request`, `comm_info_reply` (shell): which comms are open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which comms are open?
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommInfoRequest {
    /// Only those of this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
}

/// The open comms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct CommInfoReply {
    /// By their id.
    pub comms: BTreeMap<String, CommInfo>,
}

/// What is told of one comm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommInfo {
    /// The target that it was opened for.
    pub target_name: String,
}
