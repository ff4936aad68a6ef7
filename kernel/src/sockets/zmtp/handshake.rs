//! Greeting and READY (RFC 37, mechanism NULL).

use std::io::{ErrorKind, IoSlice};
use std::time::Duration;

use bytes::Bytes;

use super::ZmtpError;
use super::command::Command;
use super::frame::{Decoder, Traffic, Wire};
use super::stream::Stream;

const GREETING: usize = 64;
/// A peer on this machine or on the next one takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Until its handshake is over a peer may not make us hold more than this.
const READY_LIMIT: usize = 64 * 1024;

/// What we are, and whom we talk to.
pub(crate) struct Role<'a> {
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static [&'static str],
    /// By which a ROUTER knows us; empty for one that has none.
    pub(crate) identity: &'a [u8],
}

/// Exchanges greetings and READYs; `limit` is for messages after that. The peer's traffic may be in the decoder
/// already. Returns the peer's identity, too.
pub(crate) async fn handshake(
    stream: &Stream,
    role: &Role<'_>,
    limit: usize,
) -> Result<(Decoder, Bytes), ZmtpError> {
    let seconds = TIMEOUT.as_secs();
    tokio::time::timeout(TIMEOUT, exchange(stream, role, limit))
        .await
        .unwrap_or(Err(ZmtpError::HandshakeTimeout { seconds }))
}

async fn exchange(
    stream: &Stream,
    role: &Role<'_>,
    limit: usize,
) -> Result<(Decoder, Bytes), ZmtpError> {
    let mut decoder = Decoder::new(READY_LIMIT);
    write_all(stream, &greeting()).await?;
    let theirs = loop {
        match decoder.take(GREETING) {
            Some(greeting) => break greeting,
            None => read(stream, &mut decoder).await?,
        }
    };
    check_greeting(&theirs)?;
    let ready = Wire::command(&Command::encode_ready(role.ours, role.identity));
    write_all(stream, &ready.chunks().concat()).await?;
    let command = loop {
        match decoder.next()? {
            Some(Traffic::Command(command)) => break command,
            Some(Traffic::Message(_)) => return Err(ZmtpError::Command),
            None => read(stream, &mut decoder).await?,
        }
    };
    let Command::Ready {
        socket_type,
        identity,
    } = Command::decode(command)?
    else {
        return Err(ZmtpError::Command);
    };
    if !role.theirs.contains(&socket_type.as_str()) {
        return Err(ZmtpError::SocketType {
            ours: role.ours,
            theirs: socket_type,
        });
    }
    decoder.set_limit(limit);
    Ok((decoder, identity))
}

fn greeting() -> [u8; GREETING] {
    let mut greeting = [0; GREETING];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = 1;
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

fn check_greeting(greeting: &[u8]) -> Result<(), ZmtpError> {
    if greeting[0] != 0xff || greeting[9] & 1 != 1 || greeting[10] < 3 {
        return Err(ZmtpError::Greeting);
    }
    let mechanism = String::from_utf8_lossy(&greeting[12..32]);
    match mechanism.trim_end_matches('\0') {
        "NULL" => Ok(()),
        other => Err(ZmtpError::Mechanism {
            mechanism: other.to_owned(),
        }),
    }
}

async fn read(stream: &Stream, decoder: &mut Decoder) -> Result<(), ZmtpError> {
    stream.readable().await?;
    match stream.try_read(decoder.space()) {
        Ok(0) => Err(ZmtpError::Closed),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error.into()),
        _ => Ok(()),
    }
}

async fn write_all(stream: &Stream, mut bytes: &[u8]) -> Result<(), ZmtpError> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(&[IoSlice::new(bytes)]) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
