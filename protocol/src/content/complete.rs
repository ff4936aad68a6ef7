//! `complete_request`, `complete_reply` (shell): how the code could go on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Complete the code at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteRequest {
    /// The code to complete.
    pub code: String,
    /// The cursor in code points; `None` is the end of the code. See [`crate::cursor`].
    #[serde(default)]
    pub cursor_pos: Option<usize>,
}

/// The texts that could stand between `cursor_start` and `cursor_end`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct CompleteReply {
    /// The texts; all replace the same range.
    pub matches: Vec<String>,
    /// Where the range begins, in code points.
    pub cursor_start: usize,
    /// Where the range ends, in code points.
    pub cursor_end: usize,
    /// `_jupyter_types_experimental`: the type and signature of each match.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}
