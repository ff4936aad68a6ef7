//! The Jupyter messaging protocol 5.5: bytes to messages and back.
//!
//! A message arrives as the frames of one `ZeroMQ` multipart message. [`Session::decode`] finds the routing identities,
//! verifies the signature over the bytes as they came, and parses the four JSON parts into a [`Message`];
//! [`Session::encode`] goes the other way. [`Message::content`] then turns the content into the type that the
//! specification gives it. Whatever arrives, the answer is a value or an error value and never a panic, because a
//! kernel must survive everything that a client sends.
//!
//! Nothing here knows sockets, threads or Python: the crate depends on no other of the workspace, so that a client, a
//! test or another kernel can use it as well.
//!
//! | module | what is in it |
//! |---|---|
//! | [`connection`] | the connection file that tells the kernel where to listen |
//! | [`wire`] | where each frame stands in a multipart message |
//! | [`sign`], [`replay`] | HMAC signatures; which of them have been used |
//! | [`header`] | headers, and the parent header that is passed on untouched |
//! | [`message`], [`session`] | a decoded message; decoding and encoding |
//! | [`content`] | one file for each message, its request and reply side by side |
//! | [`json`], [`scan`] | JSON text, and looking for a byte in much of it |
//! | [`cursor`] | `cursor_pos` to byte offsets and back |
//! | [`mime`] | the bundles that carry one object in several formats |
//!
//! Absent fields get the default that the specification names, and unknown fields, message types and features are
//! tolerated: newer clients must not break an older kernel. What Python writes and JSON does not know (`NaN`,
//! `Infinity`) is read as `null`, and is never written.
//!
//! ```
//! use everloop_protocol::{ParentHeader, Session, content::execute::ExecuteRequest};
//! use serde_json::{Map, json};
//!
//! let session = Session::new(b"secret", "hmac-sha256")?;
//! let content = json!({"code": "1 + 1"});
//! let frames = session.encode(&[], "execute_request", &ParentHeader::none(), &Map::new(), &content, &[])?;
//!
//! let message = session.decode(frames)?;
//! let request: ExecuteRequest = message.content()?;
//! assert_eq!(request.code, "1 + 1");
//! assert!(request.store_history && request.allow_stdin);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The specification: <https://jupyter-client.readthedocs.io/en/stable/messaging.html>.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod connection;
pub mod content;
pub mod cursor;
pub mod header;
pub mod json;
pub mod message;
pub mod mime;
pub mod replay;
pub mod scan;
pub mod session;
pub mod sign;
pub mod wire;

pub use connection::{ConnectionError, ConnectionFile, Transport};
pub use header::{Header, ParentHeader};
pub use message::{ContentError, Message};
pub use mime::MimeBundle;
pub use session::{DecodeError, EncodeError, Session};
pub use sign::SchemeError;

/// The version of the messaging protocol that this crate speaks.
pub const PROTOCOL_VERSION: &str = "5.5";
