//! Whatever arrives, the answer is a message or an error value.

use bytes::Bytes;
use everloop_protocol::content::execute::ExecuteRequest;
use everloop_protocol::content::history::HistoryRequest;
use everloop_protocol::{ConnectionFile, DecodeError, ParentHeader, Session, cursor};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

fn session() -> Session {
    Session::new(b"secret", "hmac-sha256").expect("a known scheme")
}

/// A frame of any bytes, and now and then one that means something.
fn frame() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        vec(any::<u8>(), 0..40).prop_map(Bytes::from),
        Just(Bytes::from_static(b"<IDS|MSG>")),
        Just(Bytes::from_static(b"{}")),
        Just(Bytes::from_static(
            br#"{"msg_id":"1","msg_type":"execute_request"}"#
        )),
        text().prop_map(Bytes::from),
    ]
}

/// Text that looks like JSON and mostly is not.
fn text() -> impl Strategy<Value = String> {
    r#"[{}\[\]",:0-9a-z\\NIufinty. é🦀-]{0,60}"#
}

/// Any JSON, also deep and with every kind of number.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| Number::from_f64(float).map_or(Value::Null, Value::from)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            object(inner).prop_map(Value::from),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![
        Just("code".to_owned()),
        Just("silent".to_owned()),
        Just("hist_access_type".to_owned()),
        any::<String>(),
    ];
    vec((key, value), 0..8).prop_map(Map::from_iter)
}

fn signed(session: &Session, parts: &[Bytes; 4]) -> Vec<Bytes> {
    let signature = session
        .signer()
        .sign([&parts[0], &parts[1], &parts[2], &parts[3]]);
    let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), signature.into()];
    frames.extend(parts.iter().cloned());
    frames
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frames_are_decoded_or_refused(frames in vec(frame(), 0..12)) {
        // Without a key every frame reaches the parser.
        let _ = Session::new(b"", "").expect("no key").decode(frames.clone());
        prop_assert!(session().decode(frames).is_err());
    }

    #[test]
    fn any_signed_parts_are_decoded_or_refused(parts in [frame(), frame(), frame(), frame()]) {
        let session = session();
        let decoded = session.decode(signed(&session, &parts));
        prop_assert!(!matches!(decoded, Err(DecodeError::Signature | DecodeError::Frames(_))));
        if let Ok(message) = decoded {
            let header = message.as_parent();
            prop_assert_eq!(header.raw().as_bytes(), parts[0].trim_ascii());
        }
    }

    #[test]
    fn one_changed_byte_is_noticed(content in object(json_value()), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let session = session();
        let frames = session.encode(&[], "x", &ParentHeader::none(), &json!({}), &content, &[]).expect("JSON");
        let frame = 1 + at.index(5);
        let mut bytes = frames[frame].to_vec();
        let byte = at.index(bytes.len());
        bytes[byte] ^= flip;
        let mut changed = frames.clone();
        changed[frame] = bytes.into();
        // The case of the hexadecimal digits has no meaning.
        prop_assume!(frame != 1 || !changed[1].eq_ignore_ascii_case(&frames[1]));
        prop_assert!(matches!(session.decode(changed), Err(DecodeError::Signature)));
    }

    #[test]
    fn what_is_encoded_comes_back(
        identities in vec(vec(any::<u8>(), 0..20), 0..4),
        msg_type in any::<String>(),
        metadata in object(json_value()),
        content in json_value(),
        buffers in vec(vec(any::<u8>(), 0..200), 0..4),
    ) {
        // A delimiter among the identities cannot be told from the real one.
        prop_assume!(identities.iter().all(|identity| identity != b"<IDS|MSG>"));
        let session = session();
        let identities: Vec<_> = identities.into_iter().map(Bytes::from).collect();
        let buffers: Vec<_> = buffers.into_iter().map(Bytes::from).collect();
        let none = ParentHeader::none();
        let frames = session.encode(&identities, &msg_type, &none, &metadata, &content, &buffers).expect("JSON");
        let message = session.decode(frames).expect("our own message");
        prop_assert_eq!(message.identities, identities);
        prop_assert_eq!(message.header.msg_type, msg_type);
        prop_assert_eq!(message.metadata, metadata);
        prop_assert_eq!(message.content, content);
        prop_assert_eq!(message.buffers, buffers);
    }

    #[test]
    fn any_content_is_typed_or_refused(content in json_value()) {
        let _ = serde_json::from_value::<ExecuteRequest>(content.clone());
        let _ = serde_json::from_value::<HistoryRequest>(content);
    }

    #[test]
    fn any_text_is_a_parent_or_refused(text in text()) {
        if let Ok(parent) = ParentHeader::from_json(&text) {
            prop_assert!(serde_json::from_str::<Map<String, Value>>(parent.raw()).is_ok());
        }
    }

    #[test]
    fn any_connection_file_is_read_or_refused(file in object(json_value())) {
        let _ = serde_json::from_value::<ConnectionFile>(file.into());
    }

    #[test]
    fn cursors_count_code_points(code in any::<String>(), cursor in any::<prop::sample::Index>()) {
        let length = code.chars().count();
        let cursor = cursor.index(length + 1);
        let byte = cursor::byte_offset(&code, Some(cursor));
        prop_assert_eq!(code[..byte].chars().count(), cursor);
        prop_assert_eq!(cursor::code_points(&code, byte), cursor);
    }
}
