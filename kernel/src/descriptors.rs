//! What native code and child processes write to the descriptors 1 and 2 is output of the cell that ran last.
//!
//! Both descriptors become pipes that a thread of ours reads, so nobody who writes ever waits for a front end that
//! does not read. The log goes to the stderr that the process was started with. [`Capture::drain`] reads what is in
//! the pipes now, under the lock that the thread takes for a read too: when it returns, all that was written before
//! has been published.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use everloop_protocol::ParentHeader;
use everloop_protocol::content::stream::StreamName;

use crate::outbox::Outbox;

const CHUNK: usize = 16 * 1024;
/// More than a pipe can hold, so that all of what is in it now is read.
const CHUNKS_IN_A_ROW: usize = 128;

/// How long to wait, in the words of `poll`.
const NOT_AT_ALL: libc::c_int = 0;
const FOR_EVER: libc::c_int = -1;

/// The captured descriptors. Clones share them.
#[derive(Clone)]
pub struct Capture {
    shared: Arc<Mutex<Pipes>>,
    originals: Arc<[OwnedFd; 2]>,
}

struct Pipes {
    outbox: Outbox,
    parent: ParentHeader,
    stdout: Pipe,
    stderr: Pipe,
}

struct Pipe {
    name: StreamName,
    reader: PipeReader,
    /// The beginning of a character whose rest has not arrived.
    partial: Vec<u8>,
}

/// A duplicate of the stderr of now, for the log. To be taken before [`Capture::start`].
pub fn original_stderr() -> io::Result<File> {
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

impl Capture {
    /// Replaces the descriptors 1 and 2, and starts the thread that reads what is written to them.
    pub fn start(outbox: Outbox) -> io::Result<Self> {
        let (stdout, stdout_writer) = pipe(StreamName::Stdout)?;
        let (stderr, stderr_writer) = pipe(StreamName::Stderr)?;
        let wake = [stdout.reader.try_clone()?, stderr.reader.try_clone()?];
        let originals = [
            io::stdout().as_fd().try_clone_to_owned()?,
            io::stderr().as_fd().try_clone_to_owned()?,
        ];
        // What Rust has buffered belongs to the original.
        io::stdout().flush()?;
        replace(&stdout_writer, libc::STDOUT_FILENO)?;
        replace(&stderr_writer, libc::STDERR_FILENO)?;
        let capture = Self {
            shared: Arc::new(Mutex::new(Pipes {
                outbox,
                parent: ParentHeader::none(),
                stdout,
                stderr,
            })),
            originals: Arc::new(originals),
        };
        let reads = capture.clone();
        std::thread::Builder::new()
            .name("descriptors".to_owned())
            .spawn(move || {
                let [stdout, stderr] = &wake;
                while let Ok(true) = wait_readable([stdout, stderr], FOR_EVER) {
                    reads.drain();
                }
            })?;
        Ok(capture)
    }

    /// From now on what is read belongs to this request. What was written before is published first, under its own.
    pub fn set_parent(&self, parent: &ParentHeader) {
        let mut pipes = self.lock();
        if pipes.parent != *parent {
            pipes.drain();
            pipes.parent = parent.clone();
        }
    }

    /// Publishes what is in the pipes now.
    pub fn drain(&self) {
        self.lock().drain();
    }

    /// Publishes the rest and gives the descriptors back: what is said from now on is for who started the process.
    pub fn end(&self) {
        let mut pipes = self.lock();
        for (original, target) in self
            .originals
            .iter()
            .zip([libc::STDOUT_FILENO, libc::STDERR_FILENO])
        {
            // When it fails, the descriptor stays captured, which only costs what is said after the end.
            let _ = replace(original, target);
        }
        pipes.drain();
    }

    fn lock(&self) -> MutexGuard<'_, Pipes> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pipes {
    fn drain(&mut self) {
        // Mostly there is nothing: every display and every cell asks.
        if matches!(
            wait_readable([&self.stdout.reader, &self.stderr.reader], NOT_AT_ALL),
            Ok(false)
        ) {
            return;
        }
        for pipe in [&mut self.stdout, &mut self.stderr] {
            let name = pipe.name;
            pipe.drain(|text| self.outbox.stream(&self.parent, name, text));
        }
    }
}

impl Pipe {
    /// Reads until the pipe is empty, but not for ever when somebody keeps writing.
    fn drain(&mut self, mut publish: impl FnMut(&str)) {
        let mut chunk = [0; CHUNK];
        for _ in 0..CHUNKS_IN_A_ROW {
            let length = match self.reader.read(&mut chunk) {
                Ok(0) => return,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            self.partial.extend_from_slice(&chunk[..length]);
            publish(&take_text(&mut self.partial));
        }
    }
}

/// Takes the text out of `bytes`, up to a character that is not complete. What is no UTF-8 becomes U+FFFD.
fn take_text(bytes: &mut Vec<u8>) -> String {
    let complete = match bytes.utf8_chunks().last() {
        // Could the rest go on as a character? One has at most four bytes.
        Some(last) if is_begun(last.invalid()) => bytes.len() - last.invalid().len(),
        _ => bytes.len(),
    };
    let rest = bytes.split_off(complete);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

/// Whether these are the first bytes of a longer character.
fn is_begun(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => false,
        Err(error) => error.error_len().is_none(),
    }
}

#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn pipe(name: StreamName) -> io::Result<(Pipe, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let descriptor = reader.as_raw_fd();
    // SAFETY: the descriptor is open; only the reading side does not block.
    let result = unsafe {
        let flags = libc::fcntl(descriptor, libc::F_GETFL);
        libc::fcntl(descriptor, libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let pipe = Pipe {
        name,
        reader,
        partial: Vec::new(),
    };
    Ok((pipe, writer.into()))
}

/// Makes `target` a duplicate of `writer` that child processes inherit.
#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn replace(writer: &OwnedFd, target: libc::c_int) -> io::Result<()> {
    // SAFETY: both are descriptors; dup2 closes the old target atomically.
    match unsafe { libc::dup2(writer.as_raw_fd(), target) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits until something can be read, and says whether that is so: not when the time is over, or when the process has
/// closed the writing sides.
#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn wait_readable(readers: [&PipeReader; 2], milliseconds: libc::c_int) -> io::Result<bool> {
    let poll_in = |reader: &PipeReader| libc::pollfd {
        fd: BorrowedFd::as_raw_fd(&reader.as_fd()),
        events: libc::POLLIN,
        revents: 0,
    };
    let mut polled = readers.map(poll_in);
    loop {
        // SAFETY: `polled` is an array of two, and lives longer than the call.
        let count = unsafe { libc::poll(polled.as_mut_ptr(), 2, milliseconds) };
        if count >= 0 {
            let mut readers = polled.iter();
            return Ok(readers.any(|reader| reader.revents & libc::POLLIN != 0));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(chunks: &[&[u8]]) -> Vec<String> {
        let mut partial = Vec::new();
        let pieces = chunks.iter().map(|chunk| {
            partial.extend_from_slice(chunk);
            take_text(&mut partial)
        });
        pieces.collect()
    }

    #[test]
    fn character_split_between_reads_stays_whole() {
        assert_eq!(
            pieces(&[b"a\xe2", b"\x82", b"\xacb"]),
            ["a", "", "\u{20ac}b"]
        );
        assert_eq!(pieces(&[b"\xf0\x9f\x90", b"\x8d"]), ["", "\u{1f40d}"]);
    }

    #[test]
    fn what_is_no_text_does_not_wait() {
        assert_eq!(pieces(&[b"a\xff", b"b"]), ["a\u{fffd}", "b"]);
        assert_eq!(pieces(&[b"\xe2", b"x"]), ["", "\u{fffd}x"]);
    }
}
