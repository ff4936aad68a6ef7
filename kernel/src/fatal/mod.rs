//! The end that nobody asked for: a fault in native code, `abort`, `os._exit`. What was printed until then reaches its
//! readers, the cells that run are answered, and the log says what it was.
//!
//! The thread that ends the process waits for that, at most [`LAST_WORDS`]: the sockets are served by other threads,
//! which live on. Then the process ends as it would have, so that its exit status is what it would have been.
//!
//! - `alternate_stack`: the stack that the handler runs on
//! - `signals`: the handler of the signals that end a process
//! - `text`: text that is written without memory of the heap

mod alternate_stack;
mod signals;
mod text;

use std::fmt::{self, Write};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::unix::pipe;

pub(crate) use self::alternate_stack::give_alternate_stack;
pub(crate) use self::text::{Text, TextCell};
use crate::native::stack::{write_stack, write_stack_of_user};

/// Why a kernel ends that nobody can reach any more.
pub(crate) const DESCRIPTORS_CLOSED: &str = "the descriptors of the kernel's sockets were closed";

/// How long the process may live on for its last words.
const LAST_WORDS: Duration = Duration::from_secs(1);

static WAYS: OnceLock<Ways> = OnceLock::new();
/// A thread is ending the process.
static IS_ENDING: AtomicBool = AtomicBool::new(false);
/// What ends it, and where.
static REPORT: TextCell = TextCell::new();
/// The size of the allocation that failed last.
static FAILED_ALLOCATION: AtomicUsize = AtomicUsize::new(0);

/// How the thread that ends the process and the task that has its last words know of each other.
struct Ways {
    /// Of the kernel: a child that was forked has no sockets.
    process: u32,
    log: RawFd,
    ends: RawFd,
    said: RawFd,
    /// The pipe that `said` is an end of.
    pipe: File,
    /// Keeps the descriptors open.
    _owned: [OwnedFd; 3],
}

/// Where the end of the process is told.
pub(crate) struct Ending {
    ends: pipe::Receiver,
    said: OwnedFd,
}

/// Lets faults be told, in the log (`log` is its descriptor) and by what this returns. Inside of the I/O runtime.
pub(crate) fn watch(log: OwnedFd) -> io::Result<Ending> {
    let (ends, ends_tx) = io::pipe()?;
    let (said, said_tx) = io::pipe()?;
    let (ends_tx, said) = (OwnedFd::from(ends_tx), OwnedFd::from(said));
    let ways = Ways {
        process: std::process::id(),
        log: log.as_raw_fd(),
        ends: ends_tx.as_raw_fd(),
        said: said.as_raw_fd(),
        pipe: file_of(said.as_raw_fd()).ok_or_else(io::Error::last_os_error)?,
        _owned: [log, ends_tx, said],
    };
    // A process has one kernel; a second one would be told by the first.
    if WAYS.set(ways).is_ok() {
        signals::install();
    }
    Ok(Ending {
        ends: pipe::Receiver::from_owned_fd(ends.into())?,
        said: said_tx.into(),
    })
}

/// Handles the signals of faults, where a kernel runs: whoever looks what their handlers are may have changed them.
pub(crate) fn take_signals() {
    if WAYS.get().is_some() {
        signals::install();
    }
}

impl Ending {
    /// Returns when the process is about to end: with what ends it, and the Python stack of the thread that does.
    pub(crate) async fn told(&self) -> String {
        loop {
            // It fails only when the runtime ends, and with it who waits here.
            if self.ends.readable().await.is_err() {
                std::future::pending::<()>().await;
            }
            if self.ends.try_read(&mut [0]).is_ok_and(|count| count > 0) {
                return REPORT.read();
            }
        }
    }

    /// All is said: the process ends now.
    pub(crate) fn said(&self) {
        write(self.said.as_raw_fd(), b".");
    }
}

/// Notes the size of an allocation that failed, which is what an `abort` that follows is about.
pub fn allocation_failed(size: usize) {
    FAILED_ALLOCATION.store(size, Ordering::Relaxed);
}

/// Ends the process with `status` once what was said until now has reached its readers. In a child that was forked,
/// at once.
pub(crate) fn exit(status: i32) -> ! {
    if WAYS.get().is_some_and(Ways::are_ours) {
        if begin_to_end() {
            tell(|out| write!(out, "os._exit({status}) was called"));
        } else {
            // Another thread ends the process, and not before all is said.
            std::thread::sleep(LAST_WORDS);
        }
    }
    exit_now(status)
}

fn exit_now(status: i32) -> ! {
    #[expect(unsafe_code, reason = "the standard library runs exit handlers")]
    // SAFETY: has no preconditions.
    unsafe {
        libc::_exit(status)
    }
}

/// Ends the process, which cannot serve anybody any more; `why` is for the log.
pub(crate) fn give_up(why: &str) {
    if WAYS.get().is_some_and(Ways::are_ours) && begin_to_end() {
        tell(|out| out.write_str(why));
        exit_now(1);
    }
}

/// Ends the process if its own descriptors have been closed by code that may close any. Without them it is deaf: nothing
/// arrives any more, and what waits for something is not woken.
pub(crate) fn look_after_descriptors() {
    if let Some(ways) = WAYS.get()
        && ways.are_ours()
        && file_of(ways.said) != Some(ways.pipe)
    {
        give_up(DESCRIPTORS_CLOSED);
    }
}

/// What tells one open file from another: the device and the number in it.
type File = (libc::dev_t, libc::ino_t);

fn file_of(descriptor: RawFd) -> Option<File> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::uninit();
    #[expect(unsafe_code, reason = "the standard library asks owned files alone")]
    // SAFETY: `found` has room for what is written into it, which is all of it when the call succeeds.
    unsafe {
        if libc::fstat(descriptor, found.as_mut_ptr()) != 0 {
            return None;
        }
        let found = found.assume_init();
        Some((found.st_dev, found.st_ino))
    }
}

/// False for all but the first thread that ends the process.
fn begin_to_end() -> bool {
    !IS_ENDING.swap(true, Ordering::AcqRel)
}

impl Ways {
    fn are_ours(&self) -> bool {
        self.process == std::process::id()
    }
}

/// Writes what ends the process to the log, has the last words said, and waits for that. Safe in a handler of signals.
fn tell(cause: impl FnOnce(&mut Text) -> fmt::Result) {
    let Some(ways) = WAYS.get() else { return };
    REPORT.write(|out| {
        // What does not fit is left out.
        let _ = cause(out).and_then(|()| out.write_char('\n'));
        write(ways.log, b"everloop: the process ends: ");
        write(ways.log, out.as_bytes());
        let told = out.as_bytes().len();
        let _ = write_stack(out);
        write(ways.log, &out.as_bytes()[told..]);
        // The front end is told where in the code of the user it was.
        out.truncate(told);
        let _ = write_stack_of_user(out);
    });
    write(ways.ends, b".");
    let mut polled = libc::pollfd {
        fd: ways.said,
        events: libc::POLLIN,
        revents: 0,
    };
    let limit = libc::c_int::try_from(LAST_WORDS.as_millis()).unwrap_or(libc::c_int::MAX);
    #[expect(unsafe_code, reason = "the standard library waits for no descriptor")]
    // SAFETY: `polled` is one descriptor, and lives longer than the call.
    unsafe {
        libc::poll(&raw mut polled, 1, limit)
    };
}

/// Writes what the operating system takes at once.
pub(crate) fn write(descriptor: RawFd, bytes: &[u8]) {
    #[expect(unsafe_code, reason = "in a handler of signals, no lock may be taken")]
    // SAFETY: `bytes` can be read for as long as the call takes.
    unsafe {
        libc::write(descriptor, bytes.as_ptr().cast(), bytes.len())
    };
}
