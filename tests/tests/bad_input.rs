use std::io::Write;
use std::net::TcpStream;

use bytes::Bytes;
use serde_json::json;

use crate::harness::{Channel, Client, Kernel};

const CHANNELS: [Channel; 3] = [Channel::Shell, Channel::Control, Channel::Stdin];

fn frames(parts: &[&[u8]]) -> Vec<Bytes> {
    parts
        .iter()
        .map(|part| Bytes::copy_from_slice(part))
        .collect()
}

/// Frames with a good signature for these parts, whatever is in them.
fn signed(client: &Client, parts: [&[u8]; 4]) -> Vec<Bytes> {
    let signature = client.session.signer().sign(parts);
    [
        frames(&[b"<IDS|MSG>", signature.as_bytes()]),
        frames(&parts),
    ]
    .concat()
}

const HEADER: &[u8] = br#"{"msg_id": "bad", "msg_type": "execute_request", "session": "s"}"#;

/// The kernel logs the frames, sends nothing, and goes on. That nothing came is seen when the client goes.
fn ignored(log: &str, bad: impl Fn(&Client) -> Vec<Bytes>) {
    let (kernel, client) = Kernel::with_client();
    for channel in CHANNELS {
        client.send_garbage(channel, bad(&client));
    }
    client.barrier();
    assert_eq!(client.execute("6 * 7").result(), Some("42"));
    kernel.log.until(log);
}

#[test]
fn a_message_of_four_parts_is_logged_and_dropped() {
    ignored("frames", |_| frames(&[b"<IDS|MSG>", b"sig", b"{}", b"{}"]));
}

#[test]
fn frames_without_a_delimiter_are_logged_and_dropped() {
    ignored("delimiter", |_| {
        frames(&[b"", b"\xff\xfe", b"", b"garbage", b"{}", b"{}", b"{}"])
    });
}

#[test]
fn one_empty_frame_is_logged_and_dropped() {
    ignored("delimiter", |_| frames(&[b""]));
}

#[test]
fn a_wrong_signature_is_logged_and_dropped() {
    ignored("signature", |client| {
        let mut frames = signed(
            client,
            [HEADER, b"{}", b"{}", br#"{"code": "print('forged')"}"#],
        );
        frames[1] = Bytes::from_static(&[b'0'; 64]);
        frames
    });
    ignored("signature", |client| {
        let mut frames = signed(
            client,
            [HEADER, b"{}", b"{}", br#"{"code": "print('unsigned')"}"#],
        );
        frames[1] = Bytes::new();
        frames
    });
}

#[test]
fn invalid_json_is_logged_and_dropped() {
    ignored("header", |client| {
        signed(client, [b"{", b"{}", b"{}", b"{}"])
    });
    ignored("content", |client| {
        signed(client, [HEADER, b"{}", b"{}", b"\xff{"])
    });
}

#[test]
fn a_header_with_missing_fields_is_logged_and_dropped() {
    ignored("missing field", |client| {
        signed(client, [b"{}", b"{}", b"{}", b"{}"])
    });
    ignored("missing field", |client| {
        signed(client, [br#"{"msg_id": "1"}"#, b"{}", b"{}", b"{}"])
    });
}

#[test]
fn nesting_without_end_is_logged_and_dropped() {
    let deep = "[".repeat(1_000_000);
    ignored("content", |client| {
        signed(client, [HEADER, b"{}", b"{}", deep.as_bytes()])
    });
}

#[test]
fn a_frame_of_100_mb_is_logged_and_dropped() {
    let (kernel, client) = Kernel::with_client();
    client.send_garbage(Channel::Shell, vec![Bytes::from(vec![b'x'; 100_000_000])]);
    client.barrier();
    assert_eq!(client.execute("6 * 7").result(), Some("42"));
    kernel.log.until("delimiter");
    // A log that repeats what it refuses would fill the disk.
    assert!(kernel.log.text().len() < 100_000);
}

#[test]
fn a_cell_of_100_mb_runs() {
    let (_kernel, client) = Kernel::with_client();
    let request = client.start(&format!("#{}\n6 * 7", "x".repeat(100_000_000)));
    assert_eq!(client.finish(&request).result(), Some("42"));
}

#[test]
fn something_else_than_zeromq_on_every_port_does_no_harm() {
    let (kernel, client) = Kernel::with_client();
    let connection = &kernel.connection;
    let ports = [
        connection.shell_port,
        connection.control_port,
        connection.stdin_port,
        connection.iopub_port,
        connection.hb_port,
    ];
    let strangers: Vec<_> = ports
        .into_iter()
        .flat_map(|port| {
            [
                &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
                &[0xff; 4096],
                b"",
            ]
            .map(|text| (port, text))
        })
        .map(|(port, text)| {
            let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
            // The kernel may hang up before all is written.
            let _ = stranger.write_all(text);
            stranger
        })
        .collect();
    client.barrier();
    assert_eq!(client.execute("6 * 7").result(), Some("42"));
    drop(strangers);
    // Those who come afterwards are served as well.
    assert_eq!(
        kernel
            .client()
            .ask(Channel::Shell, "kernel_info_request", &json!({}))
            .status(),
        "ok"
    );
}

#[test]
fn a_request_of_an_unknown_type_gets_one_error_reply_and_one_idle() {
    let (_kernel, client) = Kernel::with_client();
    for channel in [Channel::Shell, Channel::Control] {
        let outcome = client.ask(channel, "request_of_the_future_request", &json!({"x": 1}));
        assert_eq!((outcome.status(), outcome.outputs.len()), ("error", 0));
        for field in ["ename", "evalue", "traceback"] {
            assert!(!outcome.field(field).is_null(), "{field}");
        }
    }
}

#[test]
fn a_message_of_an_unknown_type_that_is_no_request_gets_no_reply() {
    let (_kernel, client) = Kernel::with_client();
    let message = client.request(Channel::Shell, "news_of_the_future", &json!({}));
    assert!(client.outputs(&message).is_empty());
}

#[test]
fn a_request_whose_content_is_wrong_gets_an_error_reply() {
    let (_kernel, client) = Kernel::with_client();
    for (msg_type, content) in [
        ("execute_request", json!({})),
        ("execute_request", json!({"code": 7})),
        ("execute_request", json!([])),
        (
            "complete_request",
            json!({"code": "a", "cursor_pos": "end"}),
        ),
        ("inspect_request", json!({"code": null})),
        ("is_complete_request", json!({})),
        ("history_request", json!({"hist_access_type": "yesterday"})),
    ] {
        let outcome = client.ask(Channel::Shell, msg_type, &content);
        assert_eq!(outcome.status(), "error", "{msg_type} {content}");
        assert!(
            outcome
                .outputs
                .iter()
                .all(|output| output.header.msg_type == "error"),
            "{outcome:?}"
        );
    }
    // None of them was a cell.
    assert_eq!(client.execute("1").count(), 1);
}

#[test]
fn an_answer_that_nobody_asked_for_is_dropped() {
    let (_kernel, client) = Kernel::with_client();
    client.send_garbage(Channel::Stdin, {
        let parent = everloop_protocol::ParentHeader::none();
        client
            .session
            .encode(
                &[],
                "input_reply",
                &parent,
                &json!({}),
                &json!({"value": "stale"}),
                &[],
            )
            .unwrap()
    });
    let request = client.start("input('? ')");
    let question = client.question();
    client.answer(&question, "fresh");
    assert_eq!(client.finish(&request).result(), Some("'fresh'"));
}
