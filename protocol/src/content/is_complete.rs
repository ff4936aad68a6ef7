//! `is_complete_request`, `is_complete_reply` (shell): whether Enter runs the code or starts another line.

use serde::{Deserialize, Serialize};

/// Could this code run as it is?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsCompleteRequest {
    /// The code.
    pub code: String,
}

/// The answer is the `status`; there is no "ok".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum IsCompleteReply {
    /// It can run.
    Complete,
    /// More has to follow.
    Incomplete {
        /// What the next line should begin with.
        #[serde(default)]
        indent: String,
    },
    /// It can run, to a syntax error.
    Invalid,
    /// The kernel cannot tell.
    Unknown,
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn only_incomplete_code_has_an_indent() {
        let incomplete = IsCompleteReply::Incomplete {
            indent: "    ".into(),
        };
        assert_eq!(
            to_value(incomplete).unwrap(),
            json!({"status": "incomplete", "indent": "    "})
        );
        assert_eq!(
            to_value(IsCompleteReply::Complete).unwrap(),
            json!({"status": "complete"})
        );
    }
}
