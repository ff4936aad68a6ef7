//! A connection after its handshake: incoming traffic decoded, outgoing bytes queued.
//!
//! Sending never waits: it queues, writes at once what the operating system takes, and leaves the rest to the task
//! that serves the link. So a reply costs no hop to another task, and a peer that does not read holds nobody up.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ZmtpError;
use super::command::Command;
use super::frame::{Decoder, Traffic, Wire};
use super::stream::Stream;

/// Slices of one vectored write.
const SLICES: usize = 64;
/// Reads in a row before other tasks have their turn.
const READS_IN_A_ROW: usize = 64;

pub(crate) struct Link {
    stream: Stream,
    incoming: Mutex<Decoder>,
    outgoing: Mutex<Outgoing>,
    /// Something waits that the operating system did not take.
    pending: Notify,
    /// Nothing waits any more.
    drained: Notify,
    closed: CancellationToken,
}

#[derive(Default)]
struct Outgoing {
    chunks: VecDeque<Bytes>,
    /// Bytes of each message that are in `chunks`.
    messages: VecDeque<usize>,
    /// Bytes in `chunks`.
    queued: usize,
    /// Bytes written since the beginning.
    written: u64,
    /// Bytes written of the first of `messages`.
    begun: usize,
    /// The link ends when nothing is queued any more.
    ends: bool,
}

/// What a link did not write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Discarded {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

impl Link {
    pub(crate) fn new(stream: Stream, decoder: Decoder) -> Self {
        Self {
            stream,
            incoming: Mutex::new(decoder),
            outgoing: Mutex::default(),
            pending: Notify::new(),
            drained: Notify::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Queues a message behind what is queued.
    pub(crate) fn push(&self, wire: &Wire) {
        let mut outgoing = lock(&self.outgoing);
        outgoing.chunks.extend(wire.chunks().iter().cloned());
        outgoing.messages.push_back(wire.len());
        outgoing.queued += wire.len();
    }

    /// Forgets what is queued, but for the rest of a message that is partly written.
    pub(crate) fn discard(&self) -> Discarded {
        lock(&self.outgoing).discard()
    }

    /// Ends the link when everything queued is with the operating system.
    pub(crate) fn close_when_written(&self) {
        lock(&self.outgoing).ends = true;
        self.flush();
    }

    /// Writes what the operating system takes now; the link's task does the rest.
    ///
    /// An error is left to that task too, which ends the link.
    pub(crate) fn flush(&self) {
        match self.write_some() {
            Ok(0) => {}
            _ => self.pending.notify_one(),
        }
    }

    /// Bytes that are queued and not yet written.
    pub(crate) fn backlog(&self) -> usize {
        lock(&self.outgoing).queued
    }

    /// Bytes written since the beginning, to tell a slow peer from one that has stopped.
    pub(crate) fn written(&self) -> u64 {
        lock(&self.outgoing).written
    }

    /// Ends the link: its task returns.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    /// Serves the link until it ends. `receive` gets what arrives, and nothing is read before `has_room` has returned;
    /// `progress` hears how much waits after each write of this task.
    pub(crate) async fn serve<Room: Future<Output = ()>>(
        &self,
        receive: impl Fn(Traffic),
        has_room: impl Fn() -> Room,
        progress: impl Fn(usize),
    ) -> ZmtpError {
        let error = tokio::select! {
            error = self.read_loop(receive, has_room) => error,
            error = self.write_loop(progress) => error.into(),
            () = self.closed.cancelled() => ZmtpError::Closed,
        };
        self.closed.cancel();
        error
    }

    /// Waits until everything queued is with the operating system, or the link has ended.
    pub(crate) async fn written_out(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.backlog() == 0 {
                return;
            }
            tokio::select! {
                () = drained => {}
                () = self.closed.cancelled() => return,
            }
        }
    }

    /// Reads what the operating system has for us, on behalf of the link's task and in its order; whether there may be
    /// more.
    pub(crate) fn read_some(&self, receive: &impl Fn(Traffic)) -> Result<bool, ZmtpError> {
        let mut decoder = lock(&self.incoming);
        for _ in 0..READS_IN_A_ROW {
            self.decode(&mut decoder, receive)?;
            match self.stream.try_read(decoder.space()) {
                Ok(0) => return Err(ZmtpError::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.decode(&mut decoder, receive)?;
        Ok(true)
    }

    async fn read_loop<Room: Future<Output = ()>>(
        &self,
        receive: impl Fn(Traffic),
        has_room: impl Fn() -> Room,
    ) -> ZmtpError {
        loop {
            has_room().await;
            // First what is there: traffic may have come together with the handshake.
            if let Err(error) = self.read_some(&receive) {
                return error;
            }
            if let Err(error) = self.stream.readable().await {
                return error.into();
            }
        }
    }

    fn decode(&self, decoder: &mut Decoder, receive: &impl Fn(Traffic)) -> Result<(), ZmtpError> {
        while let Some(traffic) = decoder.next()? {
            match traffic {
                Traffic::Command(body) => match Command::decode(body.clone())? {
                    Command::Ping(context) => {
                        self.push(&Wire::command(&Command::encode_pong(&context)));
                        self.flush();
                    }
                    _ => receive(Traffic::Command(body)),
                },
                message @ Traffic::Message(_) => receive(message),
            }
        }
        Ok(())
    }

    async fn write_loop(&self, progress: impl Fn(usize)) -> io::Error {
        loop {
            self.pending.notified().await;
            loop {
                let left = match self.write_some() {
                    Ok(left) => left,
                    Err(error) => return error,
                };
                progress(left);
                if left == 0 {
                    self.drained.notify_waiters();
                    break;
                }
                if let Err(error) = self.stream.writable().await {
                    return error;
                }
            }
        }
    }

    /// Writes until nothing is left or the operating system takes no more; returns what is left in bytes.
    fn write_some(&self) -> io::Result<usize> {
        let mut outgoing = lock(&self.outgoing);
        while !outgoing.chunks.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outgoing.chunks.len().min(SLICES);
            for (slice, chunk) in slices.iter_mut().zip(&outgoing.chunks) {
                *slice = IoSlice::new(chunk);
            }
            match self.stream.try_write(&slices[..count]) {
                Ok(written) => outgoing.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if outgoing.ends && outgoing.queued == 0 {
            self.closed.cancel();
        }
        Ok(outgoing.queued)
    }
}

impl Outgoing {
    fn advance(&mut self, mut written: usize) {
        self.queued -= written;
        self.written += written as u64;
        self.begun += written;
        while let Some(message) = self.messages.pop_front_if(|message| *message <= self.begun) {
            self.begun -= message;
        }
        while let Some(chunk) = self.chunks.front_mut() {
            if written < chunk.len() {
                chunk.advance(written);
                return;
            }
            written -= chunk.len();
            self.chunks.pop_front();
        }
    }

    fn discard(&mut self) -> Discarded {
        let kept_messages = usize::from(self.begun > 0);
        let kept = match self.messages.front() {
            Some(message) if self.begun > 0 => message - self.begun,
            _ => 0,
        };
        let discarded = Discarded {
            messages: self.messages.len() - kept_messages,
            bytes: self.queued - kept,
        };
        self.messages.truncate(kept_messages);
        self.queued = kept;
        let mut left = kept;
        for chunk in &mut self.chunks {
            chunk.truncate(left);
            left -= chunk.len();
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.chunks.shrink_to_fit();
        discarded
    }
}

/// A panic elsewhere does not make queues of bytes invalid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_discarded_begins_and_ends_with_a_message() {
        let large = [Bytes::from(vec![1; 20_000]), Bytes::from_static(b"end")];
        let (large, small) = (
            Wire::message(&large),
            Wire::message(&[Bytes::from_static(b"small")]),
        );
        for written in 0..=large.len() + small.len() {
            let mut outgoing = Outgoing::default();
            for wire in [&large, &small, &large] {
                outgoing.chunks.extend(wire.chunks().iter().cloned());
                outgoing.messages.push_back(wire.len());
                outgoing.queued += wire.len();
            }
            outgoing.advance(written);
            let discarded = outgoing.discard();
            let kept: usize = outgoing.chunks.iter().map(Bytes::len).sum();
            assert_eq!(kept, outgoing.queued);
            let ends = [0, large.len(), large.len() + small.len()];
            let (begun, boundary) = ends
                .into_iter()
                .enumerate()
                .find(|(_, end)| written <= *end)
                .unwrap();
            assert_eq!(written + kept, boundary);
            let bytes = 2 * large.len() + small.len() - boundary;
            let messages = 3 - begun;
            assert_eq!(discarded, Discarded { messages, bytes });
        }
    }
}
