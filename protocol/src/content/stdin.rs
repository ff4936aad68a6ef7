//! `input_request`, `input_reply` (stdin): the kernel asks, and the front end answers.

use serde::{Deserialize, Serialize};

/// A question to the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRequest {
    /// What to show before the input.
    #[serde(default)]
    pub prompt: String,
    /// Whether to hide what is typed.
    #[serde(default)]
    pub password: bool,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputReply {
    /// What was typed, without the line end. `"\x04"` is the end of input.
    pub value: String,
}
