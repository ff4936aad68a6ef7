//! `connect_request`, `connect_reply` (shell): the ports of the kernel. Deprecated, and still asked for.

use serde::{Deserialize, Serialize};

/// Which ports does the kernel use?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {}

/// The ports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct ConnectReply {
    /// Port of the shell socket.
    pub shell_port: u16,
    /// Port of the iopub socket.
    pub iopub_port: u16,
    /// Port of the stdin socket.
    pub stdin_port: u16,
    /// Port of the control socket.
    pub control_port: u16,
    /// Port of the heartbeat socket.
    pub hb_port: u16,
}
