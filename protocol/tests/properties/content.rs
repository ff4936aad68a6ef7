//! Any content is the type that a message has, or an error value; and what was read is written and read again.

use bytes::Bytes;
use everloop_protocol::content::{
    ErrorContent, clear_output, comm, comm_info, complete, connect, debug, display, execute,
    history, inspect, interrupt, iopub_welcome, is_complete, kernel_info, shutdown, status, stdin,
    stream, subshell, usage,
};
use everloop_protocol::{Message, Session, cursor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The input is the JSON of a content, which is tried as every type that there is.
pub(crate) fn check(input: &[u8]) {
    let session = Session::new(b"", "").expect("an empty key needs no scheme");
    let header: &[u8] = br#"{"msg_id":"1","msg_type":"x"}"#;
    let frames = [&b"<IDS|MSG>"[..], b"", header, b"{}", b"{}", input];
    let Ok(message) = session.decode(frames.map(Bytes::copy_from_slice).into()) else {
        return;
    };
    requests(&message);
    replies(&message);
    publications(&message);
}

fn requests(message: &Message) {
    typed::<comm_info::CommInfoRequest>(message);
    typed::<connect::ConnectRequest>(message);
    typed::<debug::DebugRequest>(message);
    typed::<execute::ExecuteRequest>(message);
    typed::<history::HistoryRequest>(message);
    typed::<interrupt::InterruptRequest>(message);
    typed::<is_complete::IsCompleteRequest>(message);
    typed::<kernel_info::KernelInfoRequest>(message);
    typed::<shutdown::ShutdownRequest>(message);
    typed::<stdin::InputReply>(message);
    typed::<subshell::CreateSubshellRequest>(message);
    typed::<subshell::DeleteSubshellRequest>(message);
    typed::<subshell::ListSubshellRequest>(message);
    typed::<usage::UsageRequest>(message);
    if let Some(request) = typed::<complete::CompleteRequest>(message) {
        cursor_stands_in(&request.code, request.cursor_pos);
    }
    if let Some(request) = typed::<inspect::InspectRequest>(message) {
        cursor_stands_in(&request.code, request.cursor_pos);
    }
}

fn replies(message: &Message) {
    typed::<comm_info::CommInfoReply>(message);
    typed::<complete::CompleteReply>(message);
    typed::<connect::ConnectReply>(message);
    typed::<debug::DebugReply>(message);
    typed::<execute::ExecuteReply>(message);
    typed::<history::HistoryReply>(message);
    typed::<inspect::InspectReply>(message);
    typed::<is_complete::IsCompleteReply>(message);
    typed::<kernel_info::KernelInfoReply>(message);
    typed::<shutdown::ShutdownReply>(message);
    typed::<subshell::ListSubshellReply>(message);
    typed::<usage::UsageReply>(message);
}

fn publications(message: &Message) {
    typed::<clear_output::ClearOutput>(message);
    typed::<comm::CommOpen>(message);
    typed::<comm::CommMsg>(message);
    typed::<comm::CommClose>(message);
    typed::<debug::DebugEvent>(message);
    typed::<display::DisplayData>(message);
    typed::<display::UpdateDisplayData>(message);
    typed::<ErrorContent>(message);
    typed::<execute::ExecuteInput>(message);
    typed::<execute::ExecuteResult>(message);
    typed::<iopub_welcome::IopubWelcome>(message);
    typed::<status::Status>(message);
    typed::<stdin::InputRequest>(message);
    typed::<stream::Stream>(message);
}

fn typed<T: DeserializeOwned + Serialize>(message: &Message) -> Option<T> {
    let content: T = message.content().ok()?;
    let written = serde_json::to_value(&content).expect("what was JSON is JSON");
    let again: T = serde_json::from_value(written.clone()).expect("what we write, we read");
    let again: Value = serde_json::to_value(again).expect("what was JSON is JSON");
    assert_eq!(again, written);
    Some(content)
}

fn cursor_stands_in(code: &str, cursor_pos: Option<usize>) {
    let byte = cursor::byte_offset(code, cursor_pos);
    assert!(code.is_char_boundary(byte));
    let length = code.chars().count();
    let expected = cursor_pos.map_or(length, |cursor| cursor.min(length));
    assert_eq!(cursor::code_points(code, byte), expected);
}
