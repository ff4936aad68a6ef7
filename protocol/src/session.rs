//! Decoding and encoding, for one run of one sender.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::connection::ConnectionFile;
use crate::header::{Header, ParentHeader};
use crate::message::Message;
use crate::replay::Received;
use crate::sign::{SchemeError, Signer, digest_in};
use crate::wire::{FrameError, Frames};
use crate::{PROTOCOL_VERSION, json};

/// Signs, stamps and frames. A process has one; clones share it.
///
/// Its id is new with every run, so that clients see that a kernel was restarted.
#[derive(Debug, Clone)]
pub struct Session(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    signer: Signer,
    sent: AtomicU64,
    received: Mutex<Received>,
}

/// The name in the `username` of our headers.
const USERNAME: &str = "kernel";

/// Frames that are no message we can trust and read.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The frames are not those of a Jupyter message.
    #[error(transparent)]
    Frames(#[from] FrameError),
    /// The signature is not that of the message: the sender does not have our key.
    #[error("bad signature")]
    Signature,
    /// The message has been received before: somebody repeats what he has overheard.
    #[error("a signature that has been used before")]
    Repeated,
    /// One of the JSON parts cannot be read.
    #[error("{part}: {source}")]
    Json {
        /// Which part: header, parent header, metadata or content.
        part: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Something that JSON cannot express.
#[derive(Debug, Error)]
#[error("{part} of {msg_type}: {source}")]
pub struct EncodeError {
    /// The type of the message.
    pub msg_type: String,
    /// Which part: metadata or content.
    pub part: &'static str,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl Session {
    /// A session with a fresh id, for the key and signature scheme of a connection file.
    ///
    /// # Errors
    ///
    /// The signature scheme is unknown.
    pub fn new(key: &[u8], scheme: &str) -> Result<Self, SchemeError> {
        let signer = Signer::new(key, scheme)?;
        Ok(Self(Arc::new(Inner {
            id: Uuid::new_v4().to_string(),
            signer,
            sent: AtomicU64::new(0),
            received: Mutex::default(),
        })))
    }

    /// A session for everyone who knows this connection file.
    ///
    /// # Errors
    ///
    /// The signature scheme is unknown.
    pub fn from_connection(file: &ConnectionFile) -> Result<Self, SchemeError> {
        Self::new(file.key.as_bytes(), &file.signature_scheme)
    }

    /// The id in the `session` of every header that we write.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What signs and verifies the messages of this session.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.0.signer
    }

    /// Reads the frames of one message. Nothing is parsed before the signature is verified.
    ///
    /// # Errors
    ///
    /// Frames are missing, the signature is wrong, or a part is not the JSON that belongs there.
    pub fn decode(&self, frames: Vec<Bytes>) -> Result<Message, DecodeError> {
        Self::parse(self.verified(frames)?)
    }

    /// As [`Session::decode`], for whom the same message must not have two effects: of those that one session and its
    /// clones received last ([`crate::replay::REMEMBERED`]), none is accepted again. Without a key all are.
    ///
    /// # Errors
    ///
    /// Those of [`Session::decode`], or the message has been received before.
    pub fn decode_once(&self, frames: Vec<Bytes>) -> Result<Message, DecodeError> {
        let frames = self.verified(frames)?;
        if self.0.signer.has_key() && !self.is_new(&frames.signature) {
            return Err(DecodeError::Repeated);
        }
        Self::parse(frames)
    }

    fn verified(&self, frames: Vec<Bytes>) -> Result<Frames, DecodeError> {
        let frames = Frames::split(frames)?;
        let is_ours = self
            .0
            .signer
            .verify(&frames.signature, frames.signed_parts());
        is_ours.then_some(frames).ok_or(DecodeError::Signature)
    }

    /// The case of the digits of a verified signature has no meaning, so that its digest is what is remembered.
    fn is_new(&self, signature: &[u8]) -> bool {
        let received = self.0.received.lock();
        let mut received = received.unwrap_or_else(PoisonError::into_inner);
        digest_in(signature).is_some_and(|digest| received.is_new(&digest))
    }

    fn parse(frames: Frames) -> Result<Message, DecodeError> {
        let raw_header = parent("header", &frames.header)?;
        Ok(Message {
            header: part("header", json::parse(raw_header.raw().as_bytes()))?,
            parent_header: parent("parent header", &frames.parent_header)?,
            metadata: part(
                "metadata",
                json::parse::<Option<Map<_, _>>>(&frames.metadata),
            )?
            .unwrap_or_default(),
            content: part("content", json::parse::<Value>(&frames.content))?,
            identities: frames.identities,
            buffers: frames.buffers,
            raw_header,
        })
    }

    /// The frames of a new message, with a `msg_id` and a date of its own: prefix (routing identities, or the topic on
    /// iopub), delimiter, signature, header, parent header, metadata, content, buffers.
    ///
    /// # Errors
    ///
    /// Metadata or content cannot be expressed in JSON, as a map whose keys are no strings.
    pub fn encode(
        &self,
        prefix: &[Bytes],
        msg_type: &str,
        parent: &ParentHeader,
        metadata: &impl Serialize,
        content: &impl Serialize,
        buffers: &[Bytes],
    ) -> Result<Vec<Bytes>, EncodeError> {
        let failed = |part| {
            move |source| EncodeError {
                msg_type: msg_type.to_owned(),
                part,
                source,
            }
        };
        let metadata = to_bytes(metadata).map_err(failed("metadata"))?;
        let content = to_bytes(content).map_err(failed("content"))?;
        Ok(self.encode_json(prefix, msg_type, parent, metadata, content, buffers))
    }

    /// As [`Session::encode`], of metadata and content that are JSON already.
    #[must_use]
    pub fn encode_json(
        &self,
        prefix: &[Bytes],
        msg_type: &str,
        parent: &ParentHeader,
        metadata: Bytes,
        content: Bytes,
        buffers: &[Bytes],
    ) -> Vec<Bytes> {
        let mut frames = Frames {
            identities: prefix.to_vec(),
            signature: Bytes::new(),
            header: self.header_json(msg_type).into(),
            parent_header: Bytes::copy_from_slice(parent.raw().as_bytes()),
            metadata,
            content,
            buffers: buffers.to_vec(),
        };
        frames.signature = self.0.signer.sign(frames.signed_parts()).into();
        frames.join()
    }

    /// A header for a message that is made now. Its `msg_id` was never used before: clients refuse a signature that
    /// they have seen.
    #[must_use]
    pub fn header(&self, msg_type: &str) -> Header {
        let number = self.0.sent.fetch_add(1, Ordering::Relaxed);
        Header {
            msg_id: format!("{}_{number}", self.0.id),
            session: self.0.id.clone(),
            username: USERNAME.to_owned(),
            date: format!("{:.6}", jiff::Timestamp::now()),
            msg_type: msg_type.to_owned(),
            version: PROTOCOL_VERSION.to_owned(),
            subshell_id: None,
        }
    }
}

impl Session {
    /// [`Session::header`] as JSON, of which only the type of the message may need escapes.
    fn header_json(&self, msg_type: &str) -> Vec<u8> {
        let number = self.0.sent.fetch_add(1, Ordering::Relaxed);
        let (id, date) = (&self.0.id, jiff::Timestamp::now());
        let mut json = format!(
            r#"{{"msg_id":"{id}_{number}","session":"{id}","username":"{USERNAME}","date":"{date:.6}","msg_type":"#
        )
        .into_bytes();
        json::push_string(&mut json, msg_type);
        json.extend_from_slice(br#","version":""#);
        json.extend_from_slice(PROTOCOL_VERSION.as_bytes());
        json.extend_from_slice(br#""}"#);
        json
    }
}

fn parent(name: &'static str, bytes: &[u8]) -> Result<ParentHeader, DecodeError> {
    let text = std::str::from_utf8(bytes).map_err(serde::de::Error::custom);
    part(name, text.and_then(ParentHeader::from_json))
}

fn part<T>(part: &'static str, parsed: Result<T, serde_json::Error>) -> Result<T, DecodeError> {
    parsed.map_err(|source| DecodeError::Json { part, source })
}

fn to_bytes(value: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(value).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session() -> Session {
        Session::new(b"secret", "hmac-sha256").unwrap()
    }

    fn encoded(session: &Session) -> Vec<Bytes> {
        let buffers = [Bytes::from_static(b"\x00\xff"), Bytes::new()];
        let prefix = [Bytes::from_static(b"client")];
        session
            .encode(
                &prefix,
                "comm_msg",
                &ParentHeader::none(),
                &json!({"m": 1}),
                &json!({"c": 2}),
                &buffers,
            )
            .unwrap()
    }

    fn signed(session: &Session, parts: [&'static [u8]; 4]) -> Vec<Bytes> {
        let mut frames = vec!["<IDS|MSG>".into(), session.signer().sign(parts).into()];
        frames.extend(parts.map(Bytes::from_static));
        frames
    }

    #[test]
    fn what_is_encoded_comes_back() {
        let session = session();
        let message = session.decode(encoded(&session)).unwrap();
        assert_eq!(message.identities, ["client"]);
        assert_eq!(message.header.msg_type, "comm_msg");
        assert_eq!(message.header.session, session.id());
        assert_eq!(message.header.version, PROTOCOL_VERSION);
        assert!(message.parent_header.is_none());
        assert_eq!(Value::from(message.metadata), json!({"m": 1}));
        assert_eq!(message.content, json!({"c": 2}));
        assert_eq!(message.buffers, [&b"\x00\xff"[..], b""]);
    }

    #[test]
    fn header_that_is_written_at_once_is_the_one_of_serde() {
        let session = session();
        let mut written: Header =
            serde_json::from_slice(&session.header_json("of \"type\"")).unwrap();
        let made = session.header("of \"type\"");
        assert_eq!(made.msg_id, format!("{}_1", session.id()));
        assert_eq!(written.msg_id, format!("{}_0", session.id()));
        assert_eq!(written.date.len(), made.date.len());
        (written.msg_id, written.date) = (made.msg_id.clone(), made.date.clone());
        assert_eq!(written, made);
    }

    #[test]
    fn no_two_messages_are_the_same() {
        let session = session();
        let (first, second) = (encoded(&session), encoded(&session.clone()));
        assert_ne!(first[2], second[2], "signature");
        assert_ne!(
            session.decode(first).unwrap().header.msg_id,
            session.decode(second).unwrap().header.msg_id
        );
    }

    #[test]
    fn the_date_is_utc_with_microseconds() {
        let date = session().header("status").date;
        assert_eq!(date.len(), "2026-01-02T03:04:05.678901Z".len(), "{date}");
        assert!(date.ends_with('Z') && date.as_bytes()[19] == b'.', "{date}");
    }

    #[test]
    fn a_reply_carries_the_header_of_its_request_verbatim() {
        let session = session();
        let header = br#"{"msg_id": "1", "msg_type":"x", "new": [1.50, "\u00e9"],"version":null}"#;
        let request = session
            .decode(signed(&session, [header, b"{}", b"{}", b"{}"]))
            .unwrap();
        let reply = session
            .encode(&[], "y", &request.as_parent(), &json!({}), &json!({}), &[])
            .unwrap();
        assert_eq!(reply[3], &header[..]);
        assert_eq!(
            session.decode(reply).unwrap().parent_header,
            request.as_parent()
        );
    }

    #[test]
    fn a_message_that_was_changed_is_refused() {
        let session = session();
        for frame in 3..7 {
            let mut frames = encoded(&session);
            frames[frame] = Bytes::from_static(b"{ }");
            assert!(
                matches!(session.decode(frames), Err(DecodeError::Signature)),
                "frame {frame}"
            );
        }
        let other = Session::new(b"other", "hmac-sha256").unwrap();
        assert!(matches!(
            other.decode(encoded(&session)),
            Err(DecodeError::Signature)
        ));
    }

    #[test]
    fn a_message_is_received_once() {
        let session = session();
        let frames = encoded(&session);
        session.decode_once(frames.clone()).unwrap();
        let mut shouted = frames.clone();
        shouted[2] = frames[2].to_ascii_uppercase().into();
        for again in [frames.clone(), shouted] {
            let refused = session.clone().decode_once(again);
            assert!(matches!(refused, Err(DecodeError::Repeated)), "{refused:?}");
        }
        session.decode_once(encoded(&session)).unwrap();
        session.decode(frames).unwrap();
    }

    #[test]
    fn what_is_refused_is_not_remembered() {
        let session = session();
        let frames = encoded(&session);
        let mut forged = frames.clone();
        forged[6] = Bytes::from_static(b"{ }");
        assert!(session.decode_once(forged).is_err());
        session.decode_once(frames).unwrap();
    }

    #[test]
    fn without_a_key_a_message_may_come_again() {
        let session = Session::new(b"", "").unwrap();
        let frames = encoded(&session);
        session.decode_once(frames.clone()).unwrap();
        session.decode_once(frames).unwrap();
    }

    #[test]
    fn parts_that_are_no_json_are_errors_with_their_name() {
        let session = session();
        let good: &[u8] = br#"{"msg_id":"1","msg_type":"x"}"#;
        let bad: [([&'static [u8]; 4], &str); 9] = [
            ([b"{", b"{}", b"{}", b"{}"], "header: "),
            ([b"{}", b"{}", b"{}", b"{}"], "header: "),
            (
                [br#"{"msg_id":"1"}"#, b"{}", b"{}", b"{}"],
                "header: missing field `msg_type`",
            ),
            ([b"\xff", b"{}", b"{}", b"{}"], "header: "),
            ([b"[]", b"{}", b"{}", b"{}"], "header: "),
            ([good, b"7", b"{}", b"{}"], "parent header: "),
            ([good, b"{}", b"[1]", b"{}"], "metadata: "),
            ([good, b"{}", b"{}", b"{'a': 1}"], "content: "),
            ([good, b"{}", b"{}", b""], "content: "),
        ];
        for (parts, start) in bad {
            let error = session
                .decode(signed(&session, parts))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(start), "{error:?} for {start:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        let session = session();
        let deep: &'static [u8] = "[".repeat(1_000_000).leak().as_bytes();
        let header = br#"{"msg_id":"1","msg_type":"x"}"#;
        assert!(
            session
                .decode(signed(&session, [header, b"{}", b"{}", deep]))
                .is_err()
        );
    }

    #[test]
    fn nan_is_read_and_never_written() {
        let session = session();
        let header = br#"{"msg_id":"1","msg_type":"x"}"#;
        let message = session
            .decode(signed(&session, [header, b"{}", b"{}", br#"{"x": NaN}"#]))
            .unwrap();
        assert_eq!(message.content, json!({"x": null}));
        let frames = session.encode(
            &[],
            "x",
            &ParentHeader::none(),
            &json!({}),
            &[f64::NAN, f64::INFINITY],
            &[],
        );
        assert_eq!(frames.unwrap()[5], "[null,null]");
    }
}
