use bytes::Bytes;
use serde_json::json;

use crate::harness::{Channel, Client, Kernel};

/// A signed request with these parts, byte for byte.
fn framed(client: &Client, header: &str, metadata: &str, content: &str) -> Vec<Bytes> {
    let parts = [header, "{}", metadata, content];
    let signature = client.session.signer().sign(parts.map(str::as_bytes));
    let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), signature.into()];
    frames.extend(parts.map(|part| Bytes::copy_from_slice(part.as_bytes())));
    frames
}

#[test]
fn the_parent_header_is_the_request_header_byte_for_byte() {
    let (_kernel, client) = Kernel::with_client();
    let header = r#"{"msg_id": "1", "msg_type":"execute_request", "session":"s", "unknown": {"b": 1.50, "a": "\u00e9"},
        "username" : "ünï", "version": "5.99", "date": "long ago"}"#;
    let request = client.request_frames(
        Channel::Shell,
        framed(&client, header, "{}", r#"{"code": "print(1); 2"}"#),
    );
    let outcome = client.finish(&request);
    assert_eq!(
        outcome.types(),
        ["execute_input", "stream", "execute_result"],
        "{client}"
    );
    for message in [&outcome.reply].into_iter().chain(&outcome.outputs) {
        assert_eq!(
            message.parent_header.raw(),
            header,
            "{}",
            message.header.msg_type
        );
    }
}

#[test]
fn every_message_of_a_kernel_has_its_own_session() {
    let (_kernel, client) = Kernel::with_client();
    let (_other_kernel, other) = Kernel::with_client();
    let outcome = client.execute("print(1); 2");
    let session = &outcome.reply.header.session;
    assert!(!session.is_empty());
    assert!(
        client
            .messages()
            .iter()
            .all(|message| message.header.session == *session),
        "{client}"
    );
    // A kernel that was restarted is told from the one before by its session.
    assert_ne!(other.execute("1").reply.header.session, *session);
}

#[test]
fn every_message_says_which_protocol_it_follows() {
    let (_kernel, client) = Kernel::with_client();
    let info = client.ask(Channel::Shell, "kernel_info_request", &json!({}));
    let version = info.field("protocol_version").as_str().unwrap();
    client.execute("print(1); 2; 1 / 0");
    for message in client.messages() {
        assert_eq!(
            message.header.version, version,
            "{}",
            message.header.msg_type
        );
        assert_eq!(
            message.header.date.len(),
            "2026-01-02T03:04:05.678901Z".len(),
            "{}",
            message.header.date
        );
    }
}

#[test]
fn absent_fields_have_the_defaults_of_the_specification() {
    let (_kernel, client) = Kernel::with_client();
    let header = r#"{"msg_id": "1", "msg_type": "execute_request"}"#;
    let request = client.request_frames(
        Channel::Shell,
        framed(&client, header, "null", r#"{"code": "1 + 1"}"#),
    );
    let outcome = client.finish(&request);
    assert_eq!((outcome.result(), outcome.count()), (Some("2"), 1));
}

#[test]
fn nan_in_the_metadata_of_a_python_client_does_no_harm() {
    let (_kernel, client) = Kernel::with_client();
    let header = r#"{"msg_id": "1", "msg_type": "execute_request"}"#;
    let frames = framed(
        &client,
        header,
        r#"{"x": NaN, "y": -Infinity}"#,
        r#"{"code": "1 + 1"}"#,
    );
    assert_eq!(
        client
            .finish(&client.request_frames(Channel::Shell, frames))
            .result(),
        Some("2")
    );
}

#[test]
fn text_of_every_alphabet_arrives_as_it_was_sent() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("größe = '🦀 \\u2028 漢字 \\x00 \\x7f'\nprint(größe)\ngröße");
    assert_eq!(outcome.stdout(), "🦀 \u{2028} 漢字 \0 \x7f\n");
    assert_eq!(outcome.result(), Some("'🦀 \\u2028 漢字 \\x00 \\x7f'"));
}
