//! Headers, and the parent header that travels through the kernel untouched.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::json::null_as_default;

/// Who sent a message, when, and of what type it is. Unknown keys are tolerated; they survive in [`ParentHeader`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Unique for each message; replies and outputs refer to it.
    pub msg_id: String,
    /// Unique for each run of the sender.
    #[serde(default, deserialize_with = "null_as_default")]
    pub session: String,
    /// The name of the sender's user.
    #[serde(default, deserialize_with = "null_as_default")]
    pub username: String,
    /// When the message was made, in ISO 8601. Ours is UTC with microseconds and a `Z`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub date: String,
    /// What the content is, as `execute_request`.
    pub msg_type: String,
    /// The version of the protocol that the sender speaks.
    #[serde(default, deserialize_with = "null_as_default")]
    pub version: String,
    /// The subshell that a shell request is meant for; absent for the main shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subshell_id: Option<String>,
}

/// The header of the message that caused this one, as the bytes arrived.
///
/// The specification asks for a copy of the header, and clients put keys of their own there, so it is never read and
/// written again. A clone costs one count.
#[derive(Clone, Default)]
pub struct ParentHeader(Option<Arc<Parent>>);

struct Parent {
    raw: Box<str>,
    keys: Keys,
}

/// What the kernel looks at in a parent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    #[serde(deserialize_with = "null_as_default")]
    msg_id: String,
    #[serde(deserialize_with = "null_as_default")]
    msg_type: String,
    #[serde(deserialize_with = "null_as_default")]
    session: String,
}

impl ParentHeader {
    /// No parent: what was not caused by any message, as `status: starting`. It is written as `{}`.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// A parent from the JSON text of its header. `{}` and `null` are no parent.
    ///
    /// # Errors
    ///
    /// The text is not a JSON object, or one of the keys that the kernel reads is no string.
    pub fn from_json(raw: &str) -> Result<Self, serde_json::Error> {
        let raw = raw.trim();
        if raw == "{}" || raw == "null" {
            return Ok(Self::none());
        }
        // A derived struct can be read from an array too, which a header is not.
        if raw.starts_with('[') {
            return serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(raw)
                .map(|_| Self::none());
        }
        let keys = serde_json::from_str(raw)?;
        Ok(Self(Some(Arc::new(Parent {
            raw: raw.into(),
            keys,
        }))))
    }

    /// Whether there is no parent.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The JSON text, byte for byte as it arrived.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.0.as_ref().map_or("{}", |parent| &parent.raw)
    }

    /// The parent's `msg_id`, empty when there is none.
    #[must_use]
    pub fn msg_id(&self) -> &str {
        self.0.as_ref().map_or("", |parent| &parent.keys.msg_id)
    }

    /// The parent's `msg_type`, empty when there is none.
    #[must_use]
    pub fn msg_type(&self) -> &str {
        self.0.as_ref().map_or("", |parent| &parent.keys.msg_type)
    }

    /// The session of the client that sent the parent, empty when there is none.
    #[must_use]
    pub fn session(&self) -> &str {
        self.0.as_ref().map_or("", |parent| &parent.keys.session)
    }
}

impl PartialEq for ParentHeader {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.raw == other.raw,
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for ParentHeader {}

impl std::fmt::Debug for ParentHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ParentHeader").field(&self.raw()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_keeps_every_byte() {
        let raw =
            r#"{"msg_id":"a", "extra" : {"x":1.0},"msg_type":"execute_request","session":null}"#;
        let parent = ParentHeader::from_json(raw).unwrap();
        assert_eq!(parent.raw(), raw);
        assert_eq!(
            (parent.msg_id(), parent.msg_type(), parent.session()),
            ("a", "execute_request", "")
        );
        assert_eq!(parent, parent.clone());
    }

    #[test]
    fn an_empty_object_is_no_parent() {
        for raw in ["{}", " {} ", "null"] {
            assert_eq!(ParentHeader::from_json(raw).unwrap(), ParentHeader::none());
        }
        assert_eq!(ParentHeader::none().raw(), "{}");
    }

    #[test]
    fn a_parent_that_is_no_header_is_an_error() {
        for raw in ["", "[]", r#"["a","b","c"]"#, "1", "{", r#"{"msg_id":1}"#] {
            assert!(ParentHeader::from_json(raw).is_err(), "{raw}");
        }
    }
}
