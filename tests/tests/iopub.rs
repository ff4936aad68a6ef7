use std::time::Duration;

use everloop_protocol::Session;
use serde_json::json;
use zeromq::SocketRecv;

use crate::harness::{Channel, Kernel, wait};

#[test]
fn nothing_is_lost_from_the_welcome_on() {
    let kernel = Kernel::start();
    for _ in 0..20 {
        // Each client runs its first cell in the moment in which its subscription is confirmed.
        let client = kernel.client();
        let outcome = client.execute("print('first')\n1");
        assert_eq!(
            outcome.types(),
            ["execute_input", "stream", "execute_result"]
        );
    }
}

#[test]
fn the_welcome_tells_the_topic_and_has_no_parent() {
    let kernel = Kernel::start();
    let session = Session::from_connection(&kernel.connection).unwrap();
    for topic in ["", "stream", "kernel"] {
        let mut subscriber = kernel.subscriber(topic);
        let frames = wait("iopub_welcome", subscriber.recv()).unwrap().into_vec();
        assert!(frames[0].starts_with(topic.as_bytes()), "{frames:?}");
        let welcome = session.decode(frames).unwrap();
        assert_eq!(welcome.header.msg_type, "iopub_welcome");
        assert_eq!(welcome.content, json!({"subscription": topic}));
        assert!(welcome.parent_header.is_none());
    }
}

#[test]
fn a_flood_arrives_completely() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("for i in range(200_000): print(i)");
    let expected: String = (0..200_000)
        .map(|number| number.to_string() + "\n")
        .collect();
    assert!(
        outcome.stdout() == expected,
        "{} bytes of {}",
        outcome.stdout().len(),
        expected.len()
    );
}

#[test]
fn a_flood_of_displays_arrives_completely() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("for i in range(5000): display(i)");
    let shown: Vec<_> = outcome
        .of_type("display_data")
        .map(|output| &output.content["data"]["text/plain"])
        .collect();
    assert_eq!(shown.len(), 5000);
    assert!(
        shown
            .iter()
            .enumerate()
            .all(|(number, text)| **text == json!(number.to_string()))
    );
}

#[test]
fn other_outputs_keep_their_place_among_the_text() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("for i in range(100):\n    print(i)\n    display(i)");
    let texts: Vec<_> = outcome.outputs[1..]
        .iter()
        .map(|output| match output.header.msg_type.as_str() {
            "stream" => output.content["text"].as_str().unwrap().to_owned(),
            _ => format!(
                "{}!",
                output.content["data"]["text/plain"].as_str().unwrap()
            ),
        })
        .collect();
    let expected: Vec<_> = (0..100)
        .flat_map(|number| [format!("{number}\n"), format!("{number}!")])
        .collect();
    assert_eq!(texts, expected);
}

#[test]
fn a_subscriber_that_stops_reading_blocks_nobody() {
    let (kernel, client) = Kernel::with_client();
    // It subscribes, and then never reads again.
    let mut stopped = kernel.subscriber("");
    wait("iopub_welcome", stopped.recv()).unwrap();
    let line = "x".repeat(1000);
    let flood = client.execute(&format!("for i in range(30_000): print('{line}')"));
    assert_eq!(flood.stdout().len(), 30_000 * 1001);
    assert_eq!(client.execute("6 * 7").result(), Some("42"));
    assert_eq!(kernel.client().execute("6 * 7").result(), Some("42"));
    drop(stopped);
}

#[test]
fn a_subscriber_that_goes_away_in_a_flood_blocks_nobody() {
    let (kernel, client) = Kernel::with_client();
    let mut leaving = kernel.subscriber("");
    wait("iopub_welcome", leaving.recv()).unwrap();
    let request = client.start("for i in range(100_000): print(i)");
    wait("a message", leaving.recv()).unwrap();
    drop(leaving);
    let outcome = client.finish(&request);
    assert!(outcome.stdout().ends_with("\n99999\n"));
}

#[test]
fn printed_text_shows_while_the_cell_goes_on() {
    let (_kernel, client) = Kernel::with_client();
    let request = client.start("import time\nprint('now')\ntime.sleep(1000)");
    client.until_printed(&request, "now\n");
    client.ask(Channel::Control, "interrupt_request", &json!({}));
    assert_eq!(client.finish(&request).ename(), "KeyboardInterrupt");
}

#[test]
fn starting_is_published_once_and_has_no_parent() {
    let kernel = Kernel::start();
    let client = kernel.client();
    client.execute("1");
    let starts = client
        .messages()
        .into_iter()
        .filter(|message| message.content["execution_state"] == "starting");
    let starts: Vec<_> = starts.collect();
    assert!(starts.len() <= 1 && starts.iter().all(|start| start.parent_header.is_none()));
    // A second client does not see it again.
    let late = kernel.client();
    late.ask(Channel::Shell, "kernel_info_request", &json!({}));
    assert!(
        late.messages()
            .iter()
            .all(|message| message.content["execution_state"] != "starting")
    );
}

#[cfg(unix)]
#[test]
fn what_child_processes_and_native_code_print_belongs_to_the_cell() {
    let (_kernel, client) = Kernel::with_client();
    let outcome = client.execute("import os, subprocess\nsubprocess.run(['echo', 'child'])\nos.write(1, b'descriptor\\n')\nNone");
    assert_eq!(outcome.stdout(), "child\ndescriptor\n");
}

#[test]
fn idle_costs_no_messages() {
    let (_kernel, client) = Kernel::with_client();
    client.execute("import asyncio\nawait asyncio.sleep(0.01)");
    let before = client.messages().len();
    client.execute(&format!(
        "await asyncio.sleep({})",
        Duration::from_millis(300).as_secs_f64()
    ));
    // busy, execute_input, reply, idle
    assert_eq!(client.messages().len(), before + 4, "{client}");
}
