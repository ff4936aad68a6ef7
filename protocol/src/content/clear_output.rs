//! `clear_output` (iopub): remove what a cell has shown so far.

use serde::{Deserialize, Serialize};

/// Remove what the cell has shown so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearOutput {
    /// Only when the next output comes, which avoids flicker.
    #[serde(default)]
    pub wait: bool,
}
