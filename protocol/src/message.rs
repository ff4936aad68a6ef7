//! A decoded message.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::header::{Header, ParentHeader};

/// A message whose signature was good and whose JSON could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The way back to the sender; a reply carries the same.
    pub identities: Vec<Bytes>,
    /// Who sent it, and of what type it is.
    pub header: Header,
    /// What caused it, when it is a reply or an output.
    pub parent_header: ParentHeader,
    /// What front ends attach, as `cellId`.
    pub metadata: Map<String, Value>,
    /// The content, not yet typed; see [`Message::content`].
    pub content: Value,
    /// Raw data behind the content.
    pub buffers: Vec<Bytes>,
    /// The header as it arrived.
    pub(crate) raw_header: ParentHeader,
}

/// The content of a message is not what its type asks for.
#[derive(Debug, Error)]
#[error("content of {msg_type}: {source}")]
pub struct ContentError {
    /// The type of the message.
    pub msg_type: String,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl Message {
    /// The parent of whatever this message causes: its header, byte for byte.
    #[must_use]
    pub fn as_parent(&self) -> ParentHeader {
        self.raw_header.clone()
    }

    /// The content as the type that belongs to `msg_type`.
    ///
    /// # Errors
    ///
    /// A required field is missing, or a field has another type.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, ContentError> {
        T::deserialize(&self.content).map_err(|source| ContentError {
            msg_type: self.header.msg_type.clone(),
            source,
        })
    }
}
