//! A peer that is a plain connection: what it reads is what has arrived, in the order in which it did.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::LIMIT;

pub(crate) struct RawPeer {
    stream: TcpStream,
    /// What has arrived and is not forgotten.
    read: Vec<u8>,
}

impl RawPeer {
    /// Connected and introduced as a socket of this type.
    pub(crate) fn connect(port: u16, socket_type: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the kernel listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let mut peer = Self {
            stream,
            read: Vec::new(),
        };
        peer.write(&introduction(socket_type));
        peer
    }

    /// Sends one message.
    pub(crate) fn send(&mut self, frames: &[impl AsRef<[u8]>]) {
        let mut bytes = Vec::new();
        for (frame, left) in frames.iter().zip((0..frames.len()).rev()) {
            let frame = frame.as_ref();
            bytes.push(2 | u8::from(left > 0));
            bytes.extend((frame.len() as u64).to_be_bytes());
            bytes.extend(frame);
        }
        self.write(&bytes);
    }

    /// Waits until this has arrived, and forgets everything up to it.
    pub(crate) fn read_until(&mut self, part: &[u8]) {
        while !self.forget_until(part) {
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).expect("the kernel answers");
            assert!(count > 0, "the kernel hung up");
            self.read.extend(&bytes[..count]);
        }
    }

    /// Whether this has arrived by now; forgets everything up to it then.
    pub(crate) fn has_arrived(&mut self, part: &[u8]) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        match self.stream.read_to_end(&mut self.read) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            ended => panic!("the kernel hung up: {ended:?}"),
        }
        self.stream.set_nonblocking(false).expect("a socket");
        self.forget_until(part)
    }

    fn forget_until(&mut self, part: &[u8]) -> bool {
        let found = self.read.windows(part.len()).position(|read| read == part);
        if let Some(start) = found {
            self.read.drain(..start + part.len());
        }
        found.is_some()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the kernel reads");
    }
}

/// A peer's greeting and READY.
fn introduction(socket_type: &str) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    (bytes[0], bytes[9], bytes[10]) = (0xff, 0x7f, 3);
    bytes[12..16].copy_from_slice(b"NULL");
    let length = u8::try_from(socket_type.len()).expect("a short name");
    let property = [
        b"\x0bSocket-Type\0\0\0",
        &[length][..],
        socket_type.as_bytes(),
    ]
    .concat();
    let ready = [b"\x05READY", &property[..]].concat();
    bytes.extend([4, u8::try_from(ready.len()).expect("a short command")]);
    bytes.extend(ready);
    bytes
}
