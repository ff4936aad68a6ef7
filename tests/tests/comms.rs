use bytes::Bytes;
use serde_json::json;

use crate::harness::{Channel, Client, Kernel};

/// Registers a target whose comms send back whatever they get, buffers first.
const ECHO: &str = "\
comms = get_ipython().kernel.comm_manager
def echo(comm, message):
    @comm.on_msg
    def _(message):
        comm.send(message['content']['data'], buffers=[bytes(b) for b in message['buffers']][::-1])
comms.register_target('echo', echo)
";

fn echoing() -> (Kernel, Client) {
    let (kernel, client) = Kernel::with_client();
    assert_eq!(client.execute(ECHO).status(), "ok", "{client}");
    (kernel, client)
}

#[test]
fn buffers_go_both_ways() {
    let (_kernel, client) = echoing();
    let open = client.request(
        Channel::Shell,
        "comm_open",
        &json!({"comm_id": "c", "target_name": "echo", "data": {}}),
    );
    assert!(client.outputs(&open).is_empty());
    let buffers = [
        Bytes::from_static(b"\x00\xff"),
        Bytes::new(),
        Bytes::from(vec![7; 300_000]),
    ];
    let content = json!({"comm_id": "c", "data": {"value": 0.1, "text": "ü"}});
    let request = client.request_with(Channel::Shell, "comm_msg", &content, &buffers);
    let outputs = client.outputs(&request);
    assert_eq!(outputs.len(), 1);
    assert_eq!(
        (outputs[0].header.msg_type.as_str(), &outputs[0].content),
        ("comm_msg", &content)
    );
    assert!(outputs[0].buffers.iter().eq(buffers.iter().rev()));
}

#[test]
fn open_comms_are_listed_until_they_are_closed() {
    let (_kernel, client) = echoing();
    let open = client.request(
        Channel::Shell,
        "comm_open",
        &json!({"comm_id": "c", "target_name": "echo", "data": {}}),
    );
    client.outputs(&open);
    let comms = |content| {
        client
            .ask(Channel::Shell, "comm_info_request", &content)
            .field("comms")
            .clone()
    };
    assert_eq!(comms(json!({})), json!({"c": {"target_name": "echo"}}));
    assert_eq!(
        comms(json!({"target_name": "echo"})),
        json!({"c": {"target_name": "echo"}})
    );
    assert_eq!(comms(json!({"target_name": "other"})), json!({}));
    let close = client.request(
        Channel::Shell,
        "comm_close",
        &json!({"comm_id": "c", "data": {}}),
    );
    client.outputs(&close);
    assert_eq!(comms(json!({})), json!({}));
}

#[test]
fn a_comm_for_an_unknown_target_is_closed_at_once() {
    let (_kernel, client) = Kernel::with_client();
    let open = json!({"comm_id": "c", "target_name": "nobody", "data": {}});
    let open = client.request(Channel::Shell, "comm_open", &open);
    let closed: Vec<_> = client
        .outputs(&open)
        .into_iter()
        .filter(|output| output.header.msg_type == "comm_close")
        .collect();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].content["comm_id"], "c");
}

#[test]
fn comms_are_served_while_a_cell_awaits() {
    let (_kernel, client) = echoing();
    let code = "import asyncio\ndone = asyncio.Event()\ndef release(comm, message):\n    done.set()\n\
                comms.register_target('release', release)\n\
                print('on', flush=True)\nawait done.wait()\n'released'";
    let cell = client.start(code);
    client.until_printed(&cell, "on\n");
    let open = json!({"comm_id": "r", "target_name": "release", "data": {}});
    client.outputs(&client.request(Channel::Shell, "comm_open", &open));
    assert_eq!(client.finish(&cell).result(), Some("'released'"));
}
