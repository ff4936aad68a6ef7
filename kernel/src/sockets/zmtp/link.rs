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
    /// Bytes in `chunks`.
    queued: usize,
    /// Bytes written since the beginning.
    written: u64,
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
        outgoing.queued += wire.len();
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

    /// Serves the link until it ends. `receive` gets what arrives; `progress` hears how much waits after each
    /// write of this task.
    pub(crate) async fn serve(
        &self,
        receive: impl Fn(Traffic),
        progress: impl Fn(usize),
    ) -> ZmtpError {
        let error = tokio::select! {
            error = self.read_loop(receive) => error,
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

    async fn read_loop(&self, receive: impl Fn(Traffic)) -> ZmtpError {
        loop {
            // First what is there: traffic may have come together with the handshake.
            if let Err(error) = self.read_some(&receive) {
                return error;
            }
            if let Err(error) = self.stream.readable().await {
                return error.into();
            }
        }
    }

    fn read_some(&self, receive: &impl Fn(Traffic)) -> Result<(), ZmtpError> {
        let mut decoder = lock(&self.incoming);
        for _ in 0..READS_IN_A_ROW {
            self.decode(&mut decoder, receive)?;
            match self.stream.try_read(decoder.space()) {
                Ok(0) => return Err(ZmtpError::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.decode(&mut decoder, receive)
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
        Ok(outgoing.queued)
    }
}

impl Outgoing {
    fn advance(&mut self, mut written: usize) {
        self.queued -= written;
        self.written += written as u64;
        while let Some(chunk) = self.chunks.front_mut() {
            if written < chunk.len() {
                chunk.advance(written);
                return;
            }
            written -= chunk.len();
            self.chunks.pop_front();
        }
    }
}

/// A panic elsewhere does not make queues of bytes invalid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
