//! Any frames are a message or an error value, and without the key none of them is a message.

use bytes::Bytes;
use everloop_protocol::wire::Frames;
use everloop_protocol::{DecodeError, Session};

/// The input is cut into frames at each 0x1e, a byte that JSON cannot contain.
pub(crate) fn check(input: &[u8]) {
    let frames: Vec<Bytes> = input
        .split(|byte| *byte == 0x1e)
        .map(Bytes::copy_from_slice)
        .collect();
    let signed = Session::new(b"key", "hmac-sha256").expect("a known scheme");
    let Ok(split) = Frames::split(frames.clone()) else {
        assert!(matches!(signed.decode(frames), Err(DecodeError::Frames(_))));
        return;
    };
    assert_eq!(split.clone().join(), frames);
    let refused = signed.decode(frames.clone());
    assert!(matches!(refused, Err(DecodeError::Signature)));

    let mut resigned = split.clone();
    resigned.signature = signed.signer().sign(split.signed_parts()).into();
    let trusted = signed.decode(resigned.join());
    // Without a key every frame reaches the parsers.
    let unsigned = Session::new(b"", "").expect("an empty key needs no scheme");
    match (unsigned.decode(frames), trusted) {
        (Ok(message), Ok(trusted)) => {
            assert_eq!(message, trusted);
            comes_back(&unsigned, &message);
        }
        (Err(DecodeError::Json { .. }), Err(DecodeError::Json { .. })) => {}
        (unsigned, trusted) => panic!("{unsigned:?}, but with a key {trusted:?}"),
    }
}

fn comes_back(session: &Session, message: &everloop_protocol::Message) {
    let again = session
        .encode(
            &message.identities,
            "again",
            &message.parent_header,
            &message.metadata,
            &message.content,
            &message.buffers,
        )
        .expect("what was JSON is JSON");
    let again = session.decode(again).expect("our own message");
    assert_eq!(again.identities, message.identities);
    assert_eq!(again.parent_header, message.parent_header);
    assert_eq!(again.metadata, message.metadata);
    assert_eq!(again.content, message.content);
    assert_eq!(again.buffers, message.buffers);
}
