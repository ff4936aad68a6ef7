//! `display_data`, `update_display_data` (iopub): rich output.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::clear_output::ClearOutput;
use crate::mime::MimeBundle;

/// Show an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayData {
    /// Its representations.
    pub data: MimeBundle,
    /// What belongs to them, as the size of an image.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What is not to be stored with the notebook.
    #[serde(default)]
    pub transient: Transient,
}

/// Show something else in every place that shows this `display_id`. Nothing happens when there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateDisplayData {
    /// The new representations.
    pub data: MimeBundle,
    /// What belongs to them.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Which display.
    pub transient: Transient,
}

/// What is not to be stored with the notebook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transient {
    /// The name by which a display can be updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_id: Option<String>,
    /// What else came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
