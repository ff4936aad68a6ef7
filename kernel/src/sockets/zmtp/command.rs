//! Commands of ZMTP 3.1: a name, then a body that depends on it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::ZmtpError;

/// A command that a kernel's sockets know. What else a peer says is tolerated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Its identity is empty when it has none.
    Ready {
        socket_type: String,
        identity: Bytes,
    },
    Subscribe(Bytes),
    Cancel(Bytes),
    /// The context, to be sent back in a PONG.
    Ping(Bytes),
    Other(String),
}

impl Command {
    pub(crate) fn decode(mut body: Bytes) -> Result<Self, ZmtpError> {
        let name = short_string(&mut body)?;
        Ok(match name.as_slice() {
            b"READY" => ready(body)?,
            b"SUBSCRIBE" => Self::Subscribe(body),
            b"CANCEL" => Self::Cancel(body),
            // Two bytes of time to live come first: we never time a peer out, TCP does.
            b"PING" if body.len() >= 2 => Self::Ping(body.slice(2..)),
            _ => Self::Other(String::from_utf8_lossy(&name).into_owned()),
        })
    }

    /// Our READY.
    pub(crate) fn encode_ready(socket_type: &str, identity: &[u8]) -> Bytes {
        let mut body = BytesMut::new();
        put_short(&mut body, b"READY");
        put_short(&mut body, b"Socket-Type");
        put_long(&mut body, socket_type.as_bytes());
        if !identity.is_empty() {
            put_short(&mut body, b"Identity");
            put_long(&mut body, identity);
        }
        body.freeze()
    }

    /// The answer to a PING.
    pub(crate) fn encode_pong(context: &[u8]) -> Bytes {
        let mut body = BytesMut::new();
        put_short(&mut body, b"PONG");
        body.put_slice(context);
        body.freeze()
    }
}

fn ready(mut body: Bytes) -> Result<Command, ZmtpError> {
    let (mut socket_type, mut identity) = (String::new(), Bytes::new());
    while !body.is_empty() {
        let name = short_string(&mut body)?.to_ascii_lowercase();
        let value = long_string(&mut body)?;
        match name.as_slice() {
            b"socket-type" => socket_type = String::from_utf8_lossy(&value).into_owned(),
            b"identity" => identity = value,
            _ => {}
        }
    }
    Ok(Command::Ready {
        socket_type,
        identity,
    })
}

fn short_string(body: &mut Bytes) -> Result<Vec<u8>, ZmtpError> {
    let length = usize::from(body.try_get_u8().map_err(|_| ZmtpError::Command)?);
    if body.len() < length {
        return Err(ZmtpError::Command);
    }
    Ok(body.split_to(length).to_vec())
}

fn long_string(body: &mut Bytes) -> Result<Bytes, ZmtpError> {
    let length = body.try_get_u32().map_err(|_| ZmtpError::Command)? as usize;
    if body.len() < length {
        return Err(ZmtpError::Command);
    }
    Ok(body.split_to(length))
}

fn put_short(body: &mut BytesMut, text: &[u8]) {
    body.put_u8(u8::try_from(text.len()).expect("names of commands and properties are short"));
    body.put_slice(text);
}

fn put_long(body: &mut BytesMut, text: &[u8]) {
    body.put_u32(u32::try_from(text.len()).expect("values that we send are short"));
    body.put_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_ready_is_read_back() {
        for identity in ["", "me"] {
            let ready = Command::encode_ready("XPUB", identity.as_bytes());
            let expected = Command::Ready {
                socket_type: "XPUB".into(),
                identity: identity.into(),
            };
            assert_eq!(Command::decode(ready).unwrap(), expected);
        }
    }

    #[test]
    fn every_truncation_of_ready_is_an_error_or_a_shorter_ready() {
        let whole = Command::encode_ready("SUB", b"");
        for length in 0..whole.len() {
            match Command::decode(whole.slice(..length)) {
                Err(ZmtpError::Command) => {}
                Ok(Command::Ready { socket_type, .. }) => assert_eq!(socket_type, ""),
                other => panic!("{length} bytes: {other:?}"),
            }
        }
    }

    #[test]
    fn ping_carries_its_context() {
        let ping = Bytes::from_static(b"\x04PING\x00\x10here");
        let expected = Command::Ping(Bytes::from_static(b"here"));
        assert_eq!(Command::decode(ping).unwrap(), expected);
        assert_eq!(&Command::encode_pong(b"here")[..], b"\x04PONGhere");
    }

    #[test]
    fn unknown_command_is_tolerated() {
        let other = Command::decode(Bytes::from_static(b"\x05HELLOworld")).unwrap();
        assert_eq!(other, Command::Other("HELLO".into()));
    }
}
