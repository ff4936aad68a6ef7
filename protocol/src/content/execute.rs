//! `execute_request`, `execute_reply` (shell), and `execute_input`, `execute_result` (iopub).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::error::ErrorContent;
use crate::json::{null_as_default, yes};
use crate::mime::MimeBundle;

/// Run a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Received")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the message has four independent switches"
)]
pub struct ExecuteRequest {
    /// The cell's source.
    pub code: String,
    /// Run as quietly as possible: no `execute_input`, no result, no history, no count.
    pub silent: bool,
    /// Put the cell into the history and count it. It is off whenever `silent` is on.
    pub store_history: bool,
    /// Name to expression; each is evaluated after a cell that worked.
    pub user_expressions: Map<String, Value>,
    /// Whether the client can answer an `input_request`.
    pub allow_stdin: bool,
    /// Whether an error aborts the cells that are queued behind this one.
    pub stop_on_error: bool,
}

/// The request as it arrives: the default of `store_history` depends on `silent`.
#[derive(Deserialize)]
struct Received {
    code: String,
    #[serde(default, deserialize_with = "null_as_default")]
    silent: bool,
    store_history: Option<bool>,
    #[serde(default, deserialize_with = "null_as_default")]
    user_expressions: Map<String, Value>,
    allow_stdin: Option<bool>,
    stop_on_error: Option<bool>,
}

impl From<Received> for ExecuteRequest {
    fn from(request: Received) -> Self {
        Self {
            code: request.code,
            silent: request.silent,
            store_history: request.store_history.unwrap_or_else(yes) && !request.silent,
            user_expressions: request.user_expressions,
            allow_stdin: request.allow_stdin.unwrap_or_else(yes),
            stop_on_error: request.stop_on_error.unwrap_or_else(yes),
        }
    }
}

impl ExecuteRequest {
    /// A request for this code, with every default.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            silent: false,
            store_history: true,
            user_expressions: Map::new(),
            allow_stdin: true,
            stop_on_error: true,
        }
    }
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    /// It ran to its end.
    Ok {
        /// The cell's number.
        execution_count: u64,
        /// Name to [`UserExpression`].
        #[serde(default)]
        user_expressions: Map<String, Value>,
        /// What the front end is asked to do: `page`, `set_next_input`, `edit_magic`, `ask_exit`.
        #[serde(default)]
        payload: Vec<Value>,
    },
    /// It raised an exception.
    Error {
        /// The cell's number.
        execution_count: u64,
        /// Empty: the expressions are evaluated only after a cell that worked.
        #[serde(default)]
        user_expressions: Map<String, Value>,
        /// What the front end is asked to do.
        #[serde(default)]
        payload: Vec<Value>,
        /// The name of the exception's type.
        ename: String,
        /// The exception's text.
        evalue: String,
        /// The traceback as lines or blocks of lines.
        traceback: Vec<String>,
    },
    /// It was not tried, because a cell before it failed.
    Aborted,
}

/// What became of one of the `user_expressions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum UserExpression {
    /// The value, as it would be displayed.
    Ok {
        /// Its representations.
        data: MimeBundle,
        /// What belongs to them.
        metadata: Map<String, Value>,
    },
    /// It raised an exception.
    Error(ErrorContent),
}

/// `execute_input`: tells every client which cell runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecuteInput {
    /// The cell's source.
    pub code: String,
    /// The cell's number.
    pub execution_count: u64,
}

/// `execute_result`: the value of a cell's last expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecuteResult {
    /// The cell's number.
    pub execution_count: u64,
    /// Its representations.
    pub data: MimeBundle,
    /// What belongs to them, as the size of an image.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What is not to be stored with the notebook, as `display_id`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub transient: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn absent_and_null_fields_have_the_defaults_of_the_specification() {
        let expected = ExecuteRequest::new("x");
        assert_eq!(
            from_value::<ExecuteRequest>(json!({"code": "x"})).unwrap(),
            expected
        );
        let nulls = json!({
            "code": "x", "silent": null, "store_history": null, "user_expressions": null, "allow_stdin": null,
            "stop_on_error": null, "new_field": 1,
        });
        assert_eq!(from_value::<ExecuteRequest>(nulls).unwrap(), expected);
    }

    #[test]
    fn a_silent_cell_is_never_stored() {
        for request in [
            json!({"code": "", "silent": true}),
            json!({"code": "", "silent": true, "store_history": true}),
        ] {
            assert!(!from_value::<ExecuteRequest>(request).unwrap().store_history);
        }
    }

    #[test]
    fn a_request_without_code_is_an_error() {
        assert!(from_value::<ExecuteRequest>(json!({})).is_err());
        assert!(from_value::<ExecuteRequest>(json!({"code": 1})).is_err());
    }

    #[test]
    fn replies_have_the_fields_of_their_status() {
        let ok = ExecuteReply::Ok {
            execution_count: 1,
            user_expressions: Map::new(),
            payload: vec![],
        };
        let expected =
            json!({"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []});
        assert_eq!(to_value(ok).unwrap(), expected);
        assert_eq!(
            to_value(ExecuteReply::Aborted).unwrap(),
            json!({"status": "aborted"})
        );
        let error = json!({
            "status": "error", "execution_count": 2, "user_expressions": {}, "payload": [],
            "ename": "E", "evalue": "", "traceback": [],
        });
        assert_eq!(
            to_value(from_value::<ExecuteReply>(error.clone()).unwrap()).unwrap(),
            error
        );
    }
}
