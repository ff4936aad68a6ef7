use everloop_protocol::{ParentHeader, Session};
use serde_json::{Value, json};

use crate::harness::{Channel, Kernel, RawPeer};

#[test]
fn every_request_has_one_busy_one_reply_and_one_idle() {
    let (_kernel, client) = Kernel::with_client();
    // `ask` reads exactly that; what is left over makes the test fail at its end.
    for (msg_type, content) in [
        ("kernel_info_request", json!({})),
        ("execute_request", json!({"code": "1"})),
        ("execute_request", json!({"code": ""})),
        ("execute_request", json!({"code": "1", "silent": true})),
        ("inspect_request", json!({"code": "print", "cursor_pos": 2})),
        ("complete_request", json!({"code": "pri", "cursor_pos": 3})),
        (
            "history_request",
            json!({"hist_access_type": "tail", "n": 3, "raw": true, "output": false}),
        ),
        ("is_complete_request", json!({"code": "1"})),
        ("connect_request", json!({})),
        ("comm_info_request", json!({})),
    ] {
        let outcome = client.ask(Channel::Shell, msg_type, &content);
        let expected = if msg_type == "is_complete_request" {
            "complete"
        } else {
            "ok"
        };
        assert_eq!(outcome.status(), expected, "{msg_type}");
    }
    for msg_type in ["kernel_info_request", "interrupt_request", "usage_request"] {
        assert_eq!(
            client.ask(Channel::Control, msg_type, &json!({})).status(),
            "ok",
            "{msg_type}"
        );
    }
    for msg_type in ["comm_msg", "comm_close"] {
        let message = client.request(
            Channel::Shell,
            msg_type,
            &json!({"comm_id": "nobody's", "data": {}}),
        );
        assert!(client.outputs(&message).is_empty(), "{msg_type}");
    }
}

/// Who has the reply and then looks for the idle must not have missed it.
#[test]
fn the_reply_is_there_when_the_idle_comes() {
    let kernel = Kernel::start();
    let session = Session::from_connection(&kernel.connection).unwrap();
    let mut subscriber = RawPeer::connect(kernel.connection.iopub_port, "SUB");
    subscriber.send(&[b"\x01"]);
    subscriber.read_until(b"iopub_welcome");
    let mut shell = RawPeer::connect(kernel.connection.shell_port, "DEALER");
    let none = ParentHeader::none();
    let mut ask = |msg_type: &str, content: &Value| {
        let frames = session.encode(&[], msg_type, &none, &json!({}), content, &[]);
        shell.send(&frames.unwrap());
        subscriber.read_until(br#""execution_state":"idle""#);
        let reply = msg_type.replace("_request", "_reply");
        let in_order = shell.has_arrived(reply.as_bytes());
        if !in_order {
            shell.read_until(reply.as_bytes());
        }
        in_order
    };
    for (msg_type, content) in [
        ("kernel_info_request", json!({})),
        ("comm_info_request", json!({})),
        ("is_complete_request", json!({"code": "1"})),
        ("inspect_request", json!({"code": "print", "cursor_pos": 2})),
        ("complete_request", json!({"code": "pri", "cursor_pos": 3})),
    ] {
        let in_order = (0..50).filter(|_| ask(msg_type, &content)).count();
        // An idle waits for a moment at most, and a machine that has other work may take that long.
        assert!(in_order >= 45, "{in_order} of 50: {msg_type}");
    }
}

#[test]
fn requests_that_are_sent_together_are_all_answered() {
    let (_kernel, client) = Kernel::with_client();
    let send = |_| client.request(Channel::Shell, "comm_info_request", &json!({}));
    let requests: Vec<_> = (0..50).map(send).collect();
    for request in &requests {
        assert_eq!(client.finish(request).status(), "ok");
    }
}

#[test]
fn kernel_info_describes_the_kernel_on_shell_and_on_control() {
    let (_kernel, client) = Kernel::with_client();
    for channel in [Channel::Shell, Channel::Control] {
        let info = client.ask(channel, "kernel_info_request", &json!({}));
        assert_eq!(info.status(), "ok");
        assert_eq!(info.field("protocol_version"), "5.5");
        assert_eq!(info.field("language_info")["name"], "python");
        assert_eq!(info.field("language_info")["file_extension"], ".py");
        assert_eq!(info.field("language_info")["mimetype"], "text/x-python");
        for field in ["implementation", "implementation_version", "banner"] {
            assert!(
                info.field(field)
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{field}"
            );
        }
        for field in ["help_links", "supported_features"] {
            assert!(info.field(field).is_array(), "{field}");
        }
    }
}

#[test]
fn no_feature_is_promised_that_is_not_there() {
    let (_kernel, client) = Kernel::with_client();
    let info = client.ask(Channel::Shell, "kernel_info_request", &json!({}));
    for (feature, msg_type, content) in [
        ("kernel subshells", "list_subshell_request", json!({})),
        (
            "debugger",
            "debug_request",
            json!({"type": "request", "seq": 1, "command": "debugInfo"}),
        ),
    ] {
        let promised = info
            .field("supported_features")
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name == feature);
        let outcome = client.ask(Channel::Control, msg_type, &content);
        assert_eq!(
            promised,
            outcome.status() != "error",
            "{feature}: {outcome:?}"
        );
    }
}

#[test]
fn connect_tells_the_ports_of_the_connection_file() {
    let (kernel, client) = Kernel::with_client();
    let reply = client.ask(Channel::Shell, "connect_request", &json!({}));
    assert_eq!(*reply.field("shell_port"), kernel.connection.shell_port);
    assert_eq!(*reply.field("iopub_port"), kernel.connection.iopub_port);
    assert_eq!(*reply.field("stdin_port"), kernel.connection.stdin_port);
    assert_eq!(*reply.field("control_port"), kernel.connection.control_port);
    assert_eq!(*reply.field("hb_port"), kernel.connection.hb_port);
}

#[test]
fn comm_info_lists_no_comms_when_there_are_none() {
    let (_kernel, client) = Kernel::with_client();
    for content in [
        json!({}),
        json!({"target_name": "jupyter.widget"}),
        json!({"target_name": null}),
    ] {
        let reply = client.ask(Channel::Shell, "comm_info_request", &content);
        assert_eq!(*reply.field("comms"), json!({}));
    }
}

#[test]
fn usage_names_the_process() {
    let (kernel, client) = Kernel::with_client();
    let reply = client.ask(Channel::Control, "usage_request", &json!({}));
    assert_eq!(*reply.field("pid"), kernel.process.id());
    assert!(reply.field("hostname").is_string());
    assert!(
        reply
            .field("kernel_memory")
            .as_u64()
            .is_none_or(|bytes| bytes > 1_000_000),
        "{reply:?}"
    );
}

fn history(client: &crate::harness::Client, content: &Value) -> Value {
    client
        .ask(Channel::Shell, "history_request", content)
        .field("history")
        .clone()
}

#[test]
fn history_knows_the_cells_of_this_session() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("first = 1");
    client.execute("6 * 7");
    client.ask(
        Channel::Shell,
        "execute_request",
        &json!({"code": "hidden = 1", "store_history": false}),
    );

    let tail = history(
        &client,
        &json!({"hist_access_type": "tail", "n": 10, "raw": true, "output": false}),
    );
    let texts: Vec<_> = tail
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[2].clone())
        .collect();
    assert_eq!(texts, ["first = 1", "6 * 7"]);

    let range = json!({"hist_access_type": "range", "session": 0, "start": 1, "stop": 3, "raw": true, "output": true});
    let range = history(&client, &range);
    assert_eq!(range[0][1], 1);
    assert_eq!(range[0][2], json!(["first = 1", null]));
    assert_eq!(range[1][2], json!(["6 * 7", "42"]));

    let search = json!({"hist_access_type": "search", "pattern": "*first*", "n": 5, "raw": true, "output": false});
    let search = history(&client, &search);
    assert_eq!(search.as_array().unwrap().len(), 1);
    assert_eq!(search[0][2], "first = 1");
}

#[test]
fn completion_counts_code_points() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("some_long_name = 1");
    let code = "'🦀é'; some_lo + 1";
    let reply = client.ask(
        Channel::Shell,
        "complete_request",
        &json!({"code": code, "cursor_pos": 13}),
    );
    assert_eq!(*reply.field("matches"), json!(["some_long_name"]));
    assert_eq!(
        (reply.field("cursor_start"), reply.field("cursor_end")),
        (&json!(6), &json!(13))
    );
}

#[test]
fn completion_without_a_position_is_at_the_end() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("some_long_name = 1");
    for content in [
        json!({"code": "some_lo"}),
        json!({"code": "some_lo", "cursor_pos": null}),
    ] {
        let reply = client.ask(Channel::Shell, "complete_request", &content);
        assert_eq!(*reply.field("matches"), json!(["some_long_name"]));
    }
}

#[test]
fn inspection_finds_what_is_there_and_nothing_else() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("def spam(egg):\n    'What spam does.'");
    let found = client.ask(
        Channel::Shell,
        "inspect_request",
        &json!({"code": "spam", "cursor_pos": 4}),
    );
    assert_eq!(*found.field("found"), true);
    assert!(
        found.field("data")["text/plain"]
            .as_str()
            .unwrap()
            .contains("What spam does.")
    );
    let missing = client.ask(
        Channel::Shell,
        "inspect_request",
        &json!({"code": "no_such", "cursor_pos": 3}),
    );
    assert_eq!(
        (
            missing.status(),
            missing.field("found"),
            missing.field("data")
        ),
        ("ok", &json!(false), &json!({}))
    );
}

#[test]
fn is_complete_tells_the_four_cases_apart() {
    let (_kernel, client) = Kernel::with_client();
    let ask = |code: &str| {
        let reply = client
            .ask(
                Channel::Shell,
                "is_complete_request",
                &json!({"code": code}),
            )
            .reply
            .content;
        (
            reply["status"].as_str().unwrap().to_owned(),
            reply.get("indent").cloned(),
        )
    };
    assert_eq!(ask("await x"), ("complete".to_owned(), None));
    assert_eq!(
        ask("for i in x:"),
        ("incomplete".to_owned(), Some(json!("    ")))
    );
    assert_eq!(ask("a b"), ("invalid".to_owned(), None));
}
