//! `interrupt_request`, `interrupt_reply` (control): stop the cell that runs.

use serde::{Deserialize, Serialize};

/// Stop the cell that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptRequest {}

/// The cell was told to stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct InterruptReply {}
