//! `inspect_request`, `inspect_reply` (shell): what an object is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::null_as_default;
use crate::mime::MimeBundle;

/// Describe the object at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectRequest {
    /// The code in which the object is named.
    pub code: String,
    /// The cursor in code points; `None` is the end of the code. See [`crate::cursor`].
    #[serde(default)]
    pub cursor_pos: Option<usize>,
    /// 0: what a reader of the code needs; 1: everything, with source.
    #[serde(default, deserialize_with = "null_as_default")]
    pub detail_level: u8,
}

/// The description, or `found: false` and empty bundles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct InspectReply {
    /// Whether the object exists.
    pub found: bool,
    /// The description in one or more formats.
    #[serde(default)]
    pub data: MimeBundle,
    /// What belongs to it.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}
