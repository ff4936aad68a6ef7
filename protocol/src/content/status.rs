//! `status` (iopub): what the kernel is doing.

use serde::{Deserialize, Serialize};

/// What the kernel is doing for the parent of this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What it is doing.
    pub execution_state: ExecutionState,
}

/// What the kernel is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionState {
    /// It came up; sent once, without a parent.
    Starting,
    /// It works on the request that is the parent; the first message for each.
    Busy,
    /// It has done all that belongs to the parent; the last message for each.
    Idle,
}
