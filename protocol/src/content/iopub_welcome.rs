//! `iopub_welcome` (iopub): the subscription has reached the kernel, so nothing will be missed from here on.

use serde::{Deserialize, Serialize};

/// Sent to a new subscriber, without a parent. Every subscriber of the topic can get it again when another one comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IopubWelcome {
    /// The topic that was subscribed to; empty for everything.
    pub subscription: String,
}
