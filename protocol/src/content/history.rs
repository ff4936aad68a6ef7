//! `history_request`, `history_reply` (shell): what was run before.

use serde::{Deserialize, Deserializer, Serialize};

use crate::json::{null_as_default, yes};

/// Which entries, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Whether the outputs are wanted too.
    #[serde(default, deserialize_with = "null_as_default")]
    pub output: bool,
    /// The code as it was typed, rather than as it was run.
    #[serde(default = "yes")]
    pub raw: bool,
    /// Which entries.
    #[serde(flatten)]
    pub access: HistoryAccess,
}

/// The three ways to choose entries: `hist_access_type` and the fields that belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hist_access_type", rename_all = "lowercase")]
pub enum HistoryAccess {
    /// The last ones.
    Tail {
        /// How many; `None` when the client did not say.
        n: Option<u64>,
    },
    /// A range of one session.
    Range {
        /// The session's number; 0 is the current one, negative counts back from it.
        #[serde(default, deserialize_with = "null_as_default")]
        session: i64,
        /// The first line.
        #[serde(default, deserialize_with = "null_as_default")]
        start: i64,
        /// The line behind the last one; `None` for no limit.
        stop: Option<i64>,
    },
    /// Those that match a pattern.
    Search {
        /// A glob, `*` and `?`.
        #[serde(default = "everything", deserialize_with = "null_as_everything")]
        pattern: String,
        /// At most how many, counted from the newest; `None` for all.
        n: Option<u64>,
        /// Equal texts only once.
        #[serde(default, deserialize_with = "null_as_default")]
        unique: bool,
    },
}

/// The entries, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "ok")]
pub struct HistoryReply {
    /// The entries.
    pub history: Vec<HistoryEntry>,
}

/// `[session, line, input]` or `[session, line, [input, output]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry(
    /// The number of the session.
    pub i64,
    /// The cell's number in it.
    pub i64,
    /// What was run.
    pub HistoryText,
);

/// The code of an entry, with its output when the request asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HistoryText {
    /// The code.
    Input(String),
    /// The code, and the text of its result when it had one.
    WithOutput(String, Option<String>),
}

fn everything() -> String {
    "*".to_owned()
}

fn null_as_everything<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(|pattern| pattern.unwrap_or_else(everything))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn access(request: serde_json::Value) -> HistoryAccess {
        from_value::<HistoryRequest>(request).unwrap().access
    }

    #[test]
    fn each_way_reads_its_own_fields() {
        // Clients send the fields of all three ways, and None for those that they do not use.
        let all = |way: &str| {
            json!({
                "hist_access_type": way, "n": 3, "session": -1, "start": 2, "stop": null, "pattern": null,
                "unique": null, "raw": true, "output": false,
            })
        };
        assert_eq!(access(all("tail")), HistoryAccess::Tail { n: Some(3) });
        assert_eq!(
            access(all("range")),
            HistoryAccess::Range {
                session: -1,
                start: 2,
                stop: None
            }
        );
        let search = HistoryAccess::Search {
            pattern: "*".into(),
            n: Some(3),
            unique: false,
        };
        assert_eq!(access(all("search")), search);
    }

    #[test]
    fn absent_fields_have_defaults() {
        let request: HistoryRequest = from_value(json!({"hist_access_type": "tail"})).unwrap();
        assert_eq!(
            request,
            HistoryRequest {
                output: false,
                raw: true,
                access: HistoryAccess::Tail { n: None }
            }
        );
        assert!(from_value::<HistoryRequest>(json!({"hist_access_type": "other"})).is_err());
    }

    #[test]
    fn entries_are_arrays() {
        let reply = HistoryReply {
            history: vec![
                HistoryEntry(1, 2, HistoryText::Input("a".into())),
                HistoryEntry(1, 3, HistoryText::WithOutput("b".into(), None)),
            ],
        };
        let expected = json!({"status": "ok", "history": [[1, 2, "a"], [1, 3, ["b", null]]]});
        assert_eq!(to_value(&reply).unwrap(), expected);
        assert_eq!(from_value::<HistoryReply>(expected).unwrap(), reply);
    }
}
