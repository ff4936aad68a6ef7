//! `cargo +nightly fuzz run decode`, in `protocol/`: any frames are a message or an error value.
//!
//! The input is cut into frames at each 0x1e, a byte that JSON cannot contain.

#![no_main]

use bytes::Bytes;
use everloop_protocol::content::execute::ExecuteRequest;
use everloop_protocol::content::history::HistoryRequest;
use everloop_protocol::{ConnectionFile, Session};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    // Without a key, or nothing would ever get past the signature.
    let session = Session::new(b"", "").expect("an empty key needs no scheme");
    let frames = input
        .split(|byte| *byte == 0x1e)
        .map(Bytes::copy_from_slice)
        .collect();
    let Ok(message) = session.decode(frames) else {
        return;
    };
    let _ = message.content::<ExecuteRequest>();
    let _ = message.content::<HistoryRequest>();
    let _ = message.content::<ConnectionFile>();

    let parent = message.parent_header.clone();
    let again = session
        .encode(
            &message.identities,
            "again",
            &parent,
            &message.metadata,
            &message.content,
            &message.buffers,
        )
        .expect("what was JSON is JSON");
    let again = session.decode(again).expect("our own message");
    assert_eq!(again.parent_header, message.parent_header);
    assert_eq!(again.metadata, message.metadata);
    assert_eq!(again.content, message.content);
    assert_eq!(again.buffers, message.buffers);
});
