//! Frames: bytes to [`Traffic`] and messages to bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::ZmtpError;

const MORE: u8 = 0b001;
const LONG: u8 = 0b010;
const COMMAND: u8 = 0b100;

/// Read size, and the step in which the buffer grows for a large frame.
const CHUNK: usize = 16 * 1024;
/// What a frame costs beside its bytes, so that a flood of empty frames meets the limit too.
const FRAME_COST: usize = 64;
/// Frames from this size on are sent from where they are; smaller ones are cheaper to copy together.
const SHARE_FROM: usize = 8 * 1024;

/// What a peer sends once it is connected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    Message(Vec<Bytes>),
    Command(Bytes),
}

/// An incremental decoder of one connection.
///
/// A peer may announce any length; memory is taken as bytes arrive, and a message beyond `limit` is an error.
pub(crate) struct Decoder {
    buffer: BytesMut,
    frames: Vec<Bytes>,
    /// Cost of `frames`.
    held: usize,
    limit: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            frames: Vec::new(),
            held: 0,
            limit,
        }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Where to read to: at least one chunk is free.
    pub(crate) fn space(&mut self) -> &mut BytesMut {
        if self.buffer.capacity() - self.buffer.len() < CHUNK / 2 {
            self.buffer.reserve(CHUNK);
        }
        &mut self.buffer
    }

    /// Takes `length` raw bytes, or `None` while fewer have arrived. For the greeting.
    pub(crate) fn take(&mut self, length: usize) -> Option<Bytes> {
        (self.buffer.len() >= length).then(|| self.buffer.split_to(length).freeze())
    }

    /// The next whole message or command, or `None` until more bytes arrive.
    pub(crate) fn next(&mut self) -> Result<Option<Traffic>, ZmtpError> {
        while let Some((flags, body)) = self.next_frame()? {
            if flags & COMMAND != 0 {
                return Ok(Some(Traffic::Command(body)));
            }
            self.held += body.len() + FRAME_COST;
            self.frames.push(body);
            if flags & MORE == 0 {
                self.held = 0;
                return Ok(Some(Traffic::Message(std::mem::take(&mut self.frames))));
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Result<Option<(u8, Bytes)>, ZmtpError> {
        let Some(&flags) = self.buffer.first() else {
            return Ok(None);
        };
        if flags > COMMAND | LONG | MORE || flags & COMMAND != 0 && flags & MORE != 0 {
            return Err(ZmtpError::Flags { flags });
        }
        let (header, length) = if flags & LONG == 0 {
            let Some(&length) = self.buffer.get(1) else {
                return Ok(None);
            };
            (2, u64::from(length))
        } else {
            let Some(mut length) = self.buffer.get(1..9) else {
                return Ok(None);
            };
            (9, length.get_u64())
        };
        let limit = self.limit;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| length.saturating_add(self.held) <= limit)
            .ok_or(ZmtpError::TooLarge { limit })?;
        if self.buffer.len() < header + length {
            return Ok(None);
        }
        self.buffer.advance(header);
        Ok(Some((flags, self.buffer.split_to(length).freeze())))
    }
}

/// A message as it goes over the wire: chunks that many connections can share.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    chunks: Vec<Bytes>,
    len: usize,
}

impl Wire {
    /// Encodes the frames of one message.
    pub(crate) fn message(frames: &[Bytes]) -> Self {
        let mut wire = Builder::default();
        for (index, frame) in frames.iter().enumerate() {
            let more = if index + 1 < frames.len() { MORE } else { 0 };
            wire.frame(more, frame);
        }
        wire.finish()
    }

    /// Encodes one command, for instance PONG.
    pub(crate) fn command(body: &Bytes) -> Self {
        let mut wire = Builder::default();
        wire.frame(COMMAND, body);
        wire.finish()
    }

    pub(crate) fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// Length on the wire in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[derive(Default)]
struct Builder {
    chunks: Vec<Bytes>,
    open: BytesMut,
}

impl Builder {
    fn frame(&mut self, flags: u8, body: &Bytes) {
        match u8::try_from(body.len()) {
            Ok(length) => {
                self.open.put_u8(flags);
                self.open.put_u8(length);
            }
            Err(_) => {
                self.open.put_u8(flags | LONG);
                self.open.put_u64(body.len() as u64);
            }
        }
        if body.len() < SHARE_FROM {
            self.open.put_slice(body);
        } else {
            self.chunks.push(self.open.split().freeze());
            self.chunks.push(body.clone());
        }
    }

    fn finish(mut self) -> Wire {
        if !self.open.is_empty() {
            self.chunks.push(self.open.freeze());
        }
        let len = self.chunks.iter().map(Bytes::len).sum();
        Wire {
            chunks: self.chunks,
            len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(decoder: &mut Decoder, bytes: &[u8]) {
        decoder.space().put_slice(bytes);
    }

    fn wire_bytes(wire: &Wire) -> Vec<u8> {
        wire.chunks().concat()
    }

    #[test]
    fn message_survives_the_wire_whatever_the_frame_sizes() {
        let frames: Vec<Bytes> = [0, 1, 255, 256, SHARE_FROM, 3 * SHARE_FROM, 7]
            .into_iter()
            .map(|size| Bytes::from(vec![0xa5; size]))
            .collect();
        let wire = Wire::message(&frames);
        assert_eq!(wire.len(), wire_bytes(&wire).len());
        let mut decoder = Decoder::new(1 << 20);
        // Byte by byte: no position may need its neighbour.
        for byte in wire_bytes(&wire).iter().take(wire.len() - 1) {
            feed(&mut decoder, &[*byte]);
            assert_eq!(decoder.next().unwrap(), None);
        }
        feed(&mut decoder, &wire_bytes(&wire)[wire.len() - 1..]);
        assert_eq!(decoder.next().unwrap(), Some(Traffic::Message(frames)));
        assert_eq!(decoder.next().unwrap(), None);
    }

    #[test]
    fn announced_length_takes_no_memory() {
        let mut decoder = Decoder::new(1 << 40);
        let mut header = vec![LONG];
        header.extend_from_slice(&(1u64 << 39).to_be_bytes());
        feed(&mut decoder, &header);
        assert_eq!(decoder.next().unwrap(), None);
        assert!(decoder.space().capacity() <= 2 * CHUNK);
    }

    #[test]
    fn message_beyond_the_limit_is_an_error() {
        let mut decoder = Decoder::new(1000);
        let mut header = vec![LONG];
        header.extend_from_slice(&u64::MAX.to_be_bytes());
        feed(&mut decoder, &header);
        assert!(matches!(
            decoder.next(),
            Err(ZmtpError::TooLarge { limit: 1000 })
        ));
    }

    #[test]
    fn flood_of_empty_frames_meets_the_limit() {
        let mut decoder = Decoder::new(1000);
        let mut outcome = Ok(None);
        for _ in 0..1000 {
            feed(&mut decoder, &[MORE, 0]);
            outcome = decoder.next();
            if outcome.is_err() {
                break;
            }
        }
        assert!(outcome.is_err());
    }

    #[test]
    fn reserved_flags_are_an_error() {
        for flags in [0x08, 0x80, 0xff, COMMAND | MORE] {
            let mut decoder = Decoder::new(1000);
            feed(&mut decoder, &[flags, 0]);
            assert!(matches!(decoder.next(), Err(ZmtpError::Flags { .. })));
        }
    }

    #[test]
    fn command_between_two_frames_of_a_message_keeps_its_place() {
        let mut decoder = Decoder::new(1000);
        feed(&mut decoder, &[MORE, 1, b'a', COMMAND, 1, b'p', 0, 1, b'b']);
        let command = Traffic::Command(Bytes::from_static(b"p"));
        assert_eq!(decoder.next().unwrap(), Some(command));
        let message = vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")];
        assert_eq!(decoder.next().unwrap(), Some(Traffic::Message(message)));
    }
}
