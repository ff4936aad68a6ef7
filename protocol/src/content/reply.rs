use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ErrorContent;

/// Any reply: `status` says which form it has. See "Request-Reply" in the specification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply<T> {
    /// The request was done; `T` writes `status: "ok"` itself.
    Ok(T),
    /// It failed.
    Error(ErrorReply),
    /// It was not tried, because a request before it failed.
    Aborted(AbortedReply),
}

/// The reply to a request that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "error")]
pub struct ErrorReply {
    /// What happened.
    #[serde(flatten)]
    pub error: ErrorContent,
}

/// The reply to a request that was not tried. It has no other field than `status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename = "aborted")]
pub struct AbortedReply {}

impl<T> Reply<T> {
    /// The reply of a request that failed.
    #[must_use]
    pub fn error(error: ErrorContent) -> Self {
        Self::Error(ErrorReply { error })
    }

    /// The reply of a request that was not tried.
    #[must_use]
    pub fn aborted() -> Self {
        Self::Aborted(AbortedReply {})
    }
}

impl From<ErrorContent> for ErrorReply {
    fn from(error: ErrorContent) -> Self {
        Self { error }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reply = Value::deserialize(deserializer)?;
        match reply.get("status").and_then(Value::as_str) {
            Some("ok") => T::deserialize(reply)
                .map(Self::Ok)
                .map_err(D::Error::custom),
            Some("error") => ErrorReply::deserialize(reply)
                .map(Self::Error)
                .map_err(D::Error::custom),
            // Kernels before protocol 5.1 say "abort".
            Some("aborted" | "abort") => Ok(Self::aborted()),
            Some(other) => Err(D::Error::unknown_variant(
                other,
                &["ok", "error", "aborted"],
            )),
            None => Err(D::Error::missing_field("status")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::shutdown::ShutdownReply;

    #[test]
    fn each_form_is_written_with_its_status_and_read_again() {
        let error = ErrorContent {
            ename: "E".into(),
            evalue: "v".into(),
            traceback: vec!["t".into()],
        };
        for (reply, expected) in [
            (
                Reply::Ok(ShutdownReply { restart: true }),
                json!({"status": "ok", "restart": true}),
            ),
            (
                Reply::error(error),
                json!({"status": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}),
            ),
            (Reply::aborted(), json!({"status": "aborted"})),
        ] {
            assert_eq!(serde_json::to_value(&reply).unwrap(), expected);
            assert_eq!(
                serde_json::from_value::<Reply<ShutdownReply>>(expected).unwrap(),
                reply
            );
        }
    }

    #[test]
    fn a_reply_without_a_known_status_is_an_error() {
        for reply in [
            json!({}),
            json!({"status": "fine"}),
            json!({"status": 1}),
            json!([]),
        ] {
            assert!(serde_json::from_value::<Reply<ShutdownReply>>(reply).is_err());
        }
    }
}
