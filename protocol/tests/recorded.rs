//! Frames that `jupyter_client` and ipykernel sent; `fixtures/record.py` records them again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use bytes::Bytes;
use everloop_protocol::content::{
    Reply,
    clear_output::ClearOutput,
    comm::{CommClose, CommMsg, CommOpen},
    comm_info::{CommInfoReply, CommInfoRequest},
    complete::{CompleteReply, CompleteRequest},
    connect::{ConnectReply, ConnectRequest},
    debug::{DebugReply, DebugRequest},
    display::{DisplayData, UpdateDisplayData},
    error::ErrorContent,
    execute::{ExecuteInput, ExecuteReply, ExecuteRequest, ExecuteResult},
    history::{HistoryReply, HistoryRequest},
    inspect::{InspectReply, InspectRequest},
    interrupt::{InterruptReply, InterruptRequest},
    iopub_welcome::IopubWelcome,
    is_complete::{IsCompleteReply, IsCompleteRequest},
    kernel_info::{KernelInfoReply, KernelInfoRequest},
    shutdown::{ShutdownReply, ShutdownRequest},
    status::Status,
    stdin::{InputReply, InputRequest},
    stream::Stream,
    subshell::{
        CreateSubshellReply, CreateSubshellRequest, DeleteSubshellReply, DeleteSubshellRequest,
        ListSubshellReply, ListSubshellRequest,
    },
    usage::{UsageReply, UsageRequest},
};
use everloop_protocol::wire::Frames;
use everloop_protocol::{Message, Session};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

struct Recorded {
    channel: String,
    msg_type: String,
    frames: Vec<Bytes>,
}

fn recorded(text: &str) -> (Session, Vec<Recorded>) {
    let file: Value = serde_json::from_str(text).unwrap();
    let session = Session::new(file["key"].as_str().unwrap().as_bytes(), "hmac-sha256").unwrap();
    let messages = file["messages"].as_array().unwrap().iter();
    (session, messages.map(recorded_message).collect())
}

fn recorded_message(message: &Value) -> Recorded {
    let text = |key: &str| message[key].as_str().unwrap().to_owned();
    let frames = message["frames"].as_array().unwrap().iter().map(frame);
    Recorded {
        channel: text("channel"),
        msg_type: text("msg_type"),
        frames: frames.collect(),
    }
}

fn frame(frame: &Value) -> Bytes {
    match frame.as_str() {
        Some(text) => Bytes::copy_from_slice(text.as_bytes()),
        None => hex::decode(frame["hex"].as_str().unwrap()).unwrap().into(),
    }
}

fn requests() -> (Session, Vec<Recorded>) {
    recorded(include_str!("../fixtures/requests.json"))
}

fn replies() -> (Session, Vec<Recorded>) {
    recorded(include_str!("../fixtures/replies.json"))
}

/// Reads the content as `T`, writes it, and reads the same again; whatever the other side wrote stands in what we
/// write, too.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &Message) {
    let typed: T = message.content().unwrap();
    let written = serde_json::to_value(&typed).unwrap();
    for (key, value) in message.content.as_object().unwrap() {
        // ipykernel's own, from the time of IPython.parallel.
        if key == "engine_info" {
            continue;
        }
        // An absent optional field and a null one are the same.
        assert_eq!(
            written.get(key).unwrap_or(&Value::Null),
            value,
            "{key} of {}",
            message.header.msg_type
        );
    }
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), typed);
}

/// Every type of message that the specification knows, with the type of its content.
fn typed(message: &Message) -> bool {
    match message.header.msg_type.as_str() {
        "kernel_info_request" => round_trip::<KernelInfoRequest>(message),
        "kernel_info_reply" => round_trip::<Reply<KernelInfoReply>>(message),
        "execute_request" => round_trip::<ExecuteRequest>(message),
        "execute_reply" => round_trip::<ExecuteReply>(message),
        "execute_input" => round_trip::<ExecuteInput>(message),
        "execute_result" => round_trip::<ExecuteResult>(message),
        "inspect_request" => round_trip::<InspectRequest>(message),
        "inspect_reply" => round_trip::<Reply<InspectReply>>(message),
        "complete_request" => round_trip::<CompleteRequest>(message),
        "complete_reply" => round_trip::<Reply<CompleteReply>>(message),
        "history_request" => round_trip::<HistoryRequest>(message),
        "history_reply" => round_trip::<Reply<HistoryReply>>(message),
        "is_complete_request" => round_trip::<IsCompleteRequest>(message),
        "is_complete_reply" => round_trip::<IsCompleteReply>(message),
        "connect_request" => round_trip::<ConnectRequest>(message),
        "connect_reply" => round_trip::<Reply<ConnectReply>>(message),
        "comm_info_request" => round_trip::<CommInfoRequest>(message),
        "comm_info_reply" => round_trip::<Reply<CommInfoReply>>(message),
        "comm_open" => round_trip::<CommOpen>(message),
        "comm_msg" => round_trip::<CommMsg>(message),
        "comm_close" => round_trip::<CommClose>(message),
        "shutdown_request" => round_trip::<ShutdownRequest>(message),
        "shutdown_reply" => round_trip::<Reply<ShutdownReply>>(message),
        "interrupt_request" => round_trip::<InterruptRequest>(message),
        "interrupt_reply" => round_trip::<Reply<InterruptReply>>(message),
        "debug_request" => round_trip::<DebugRequest>(message),
        "debug_reply" => round_trip::<DebugReply>(message),
        "usage_request" => round_trip::<UsageRequest>(message),
        // ipykernel sends no status with this one.
        "usage_reply" => round_trip::<UsageReply>(message),
        "create_subshell_request" => round_trip::<CreateSubshellRequest>(message),
        "create_subshell_reply" => round_trip::<Reply<CreateSubshellReply>>(message),
        "delete_subshell_request" => round_trip::<DeleteSubshellRequest>(message),
        "delete_subshell_reply" => round_trip::<Reply<DeleteSubshellReply>>(message),
        "list_subshell_request" => round_trip::<ListSubshellRequest>(message),
        "list_subshell_reply" => round_trip::<Reply<ListSubshellReply>>(message),
        "input_request" => round_trip::<InputRequest>(message),
        "input_reply" => round_trip::<InputReply>(message),
        "stream" => round_trip::<Stream>(message),
        "display_data" => round_trip::<DisplayData>(message),
        "update_display_data" => round_trip::<UpdateDisplayData>(message),
        "clear_output" => round_trip::<ClearOutput>(message),
        "error" => round_trip::<ErrorContent>(message),
        "status" => round_trip::<Status>(message),
        "iopub_welcome" => round_trip::<IopubWelcome>(message),
        _ => return false,
    }
    true
}

#[test]
fn every_recorded_message_is_verified_and_read() {
    for (session, messages) in [requests(), replies()] {
        for recorded in messages {
            let message = session.decode(recorded.frames).unwrap();
            assert_eq!(message.header.msg_type, recorded.msg_type);
            assert_eq!(
                typed(&message),
                recorded.msg_type != "a_type_of_the_future",
                "{}",
                recorded.msg_type
            );
        }
    }
}

#[test]
fn the_recordings_miss_nothing_that_can_be_recorded() {
    let recorded: BTreeSet<_> = [requests(), replies()]
        .into_iter()
        .flat_map(|(_, messages)| messages)
        .map(|message| message.msg_type)
        .collect();
    // A debug_event needs a debugger that stops.
    for name in [
        "kernel_info",
        "execute",
        "inspect",
        "complete",
        "history",
        "is_complete",
        "connect",
        "comm_info",
        "shutdown",
        "interrupt",
        "debug",
        "usage",
        "create_subshell",
        "delete_subshell",
        "list_subshell",
        "input",
    ] {
        for msg_type in [format!("{name}_request"), format!("{name}_reply")] {
            assert!(recorded.contains(&msg_type), "{msg_type}");
        }
    }
    for msg_type in [
        "comm_open",
        "comm_msg",
        "comm_close",
        "stream",
        "display_data",
        "update_display_data",
        "clear_output",
        "execute_input",
        "execute_result",
        "error",
        "status",
        "iopub_welcome",
    ] {
        assert!(recorded.contains(msg_type), "{msg_type}");
    }
}

#[test]
fn frames_are_joined_as_they_were_split() {
    for (_, messages) in [requests(), replies()] {
        for recorded in messages {
            assert_eq!(
                Frames::split(recorded.frames.clone()).unwrap().join(),
                recorded.frames
            );
        }
    }
}

#[test]
fn buffers_and_routes_of_a_client_arrive() {
    let (session, messages) = requests();
    let recorded = messages
        .into_iter()
        .find(|message| message.msg_type == "comm_msg")
        .unwrap();
    assert_eq!(recorded.channel, "shell");
    let message = session.decode(recorded.frames.clone()).unwrap();
    assert_eq!(message.identities, recorded.frames[..1]);
    assert_eq!(message.buffers, [&b"\x00\x01\xff"[..], b"", b"view"]);
}

#[test]
fn the_parent_of_a_reply_is_the_header_of_the_request_byte_for_byte() {
    let (session, messages) = requests();
    for recorded in messages {
        let header = Frames::split(recorded.frames.clone()).unwrap().header;
        let request = session.decode(recorded.frames).unwrap();
        let reply = session
            .encode(
                &request.identities,
                "reply",
                &request.as_parent(),
                &(),
                &(),
                &[],
            )
            .unwrap();
        let reply = Frames::split(reply).unwrap();
        assert_eq!(reply.parent_header, header);
        assert_eq!(reply.identities, request.identities);
    }
}
