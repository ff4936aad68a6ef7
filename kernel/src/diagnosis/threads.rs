//! The Python stacks of the threads, which each of them writes in the handler of SIGQUIT.

use std::fmt::Write;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::fatal::{TextCell, write};
use crate::native::stack::write_stack;
use crate::signals;

/// How long a thread may take to answer, in milliseconds. One that has blocked the signal never does.
const ANSWER: libc::c_int = 200;

static WAYS: OnceLock<Ways> = OnceLock::new();
/// The thread that is asked for its stack; 0 for none.
static ASKED: AtomicI32 = AtomicI32::new(0);
static STACK: TextCell = TextCell::new();

struct Ways {
    process: libc::pid_t,
    asked: RawFd,
    written: RawFd,
    written_tx: RawFd,
    /// Keeps the descriptors open.
    _owned: [OwnedFd; 3],
}

/// Lets SIGQUIT be heard; what this returns can be read when somebody else than this process has sent one.
pub(super) fn listen() -> io::Result<OwnedFd> {
    let (asked, asked_tx) = io::pipe()?;
    let (written, written_tx) = io::pipe()?;
    let owned = [asked_tx.into(), written.into(), written_tx.into()];
    let [asked_tx, written, written_tx]: [RawFd; 3] = owned.each_ref().map(OwnedFd::as_raw_fd);
    let ways = Ways {
        process: process(),
        asked: asked_tx,
        written,
        written_tx,
        _owned: owned,
    };
    // A process has one kernel; a second one would ask the first.
    let _ = WAYS.set(ways);
    take_signal();
    Ok(asked.into())
}

/// Handles SIGQUIT, once somebody listens.
pub(super) fn take_signal() {
    if WAYS.get().is_some() {
        signals::handle(libc::SIGQUIT, handle, libc::SA_RESTART);
    }
}

extern "C" fn handle(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    let Some(ways) = WAYS.get() else { return };
    let errno = errno();
    #[expect(unsafe_code, reason = "the kernel's description of the signal")]
    // SAFETY: a handler with SA_SIGINFO is given one, and one of a process names it.
    let (code, sender) = unsafe { ((*info).si_code, (*info).si_pid()) };
    let this = process();
    if ASKED
        .compare_exchange(thread(), 0, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
    {
        STACK.write(|out| {
            // What does not fit is left out.
            let _ = write_stack(out);
        });
        write(ways.written_tx, b".");
    } else if this == ways.process && (code != SENT_TO_THREAD || sender != this) {
        write(ways.asked, b".");
    }
    set_errno(errno);
}

/// The stacks of all threads that run Python code.
pub(super) fn stacks() -> String {
    let mut text = String::new();
    for (thread, name) in threads() {
        let told = match stack_of(thread) {
            Some(stack) if stack.is_empty() => continue,
            Some(stack) => stack,
            None => "  does not answer\n".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Thread {name} ({thread}):\n{told}");
    }
    text
}

fn stack_of(thread: libc::pid_t) -> Option<String> {
    let ways = WAYS.get()?;
    // Nobody else asks meanwhile; what came too late the last time is passed over.
    while was_written(ways.written, 0) {}
    ASKED.store(thread, Ordering::Release);
    ask(thread);
    if was_written(ways.written, ANSWER) {
        return Some(STACK.read());
    }
    ASKED.store(0, Ordering::Release);
    None
}

/// Whether a thread has written its stack within so many milliseconds.
fn was_written(descriptor: RawFd, limit: libc::c_int) -> bool {
    let mut polled = libc::pollfd {
        fd: descriptor,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut byte = [0_u8; 1];
    #[expect(unsafe_code, reason = "the standard library waits for no descriptor")]
    // SAFETY: `polled` is one descriptor, and there is room for the one byte that is read.
    unsafe {
        libc::poll(&raw mut polled, 1, limit) == 1
            && polled.revents & libc::POLLIN != 0
            && libc::read(descriptor, byte.as_mut_ptr().cast(), 1) == 1
    }
}

#[cfg(target_os = "linux")]
const SENT_TO_THREAD: libc::c_int = libc::SI_TKILL;

/// The threads of the process, with their names.
#[cfg(target_os = "linux")]
fn threads() -> Vec<(libc::pid_t, String)> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let this = thread();
    let mut threads: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, name.trim_end().to_owned()))
        })
        .filter(|(number, _)| *number != this)
        .collect();
    threads.sort_unstable();
    threads
}

#[cfg(target_os = "linux")]
fn ask(thread: libc::pid_t) {
    #[expect(unsafe_code, reason = "the C library knows threads by another name")]
    // SAFETY: one that has ended is not found.
    unsafe {
        libc::syscall(libc::SYS_tgkill, process(), thread, libc::SIGQUIT)
    };
}

#[cfg(target_os = "linux")]
fn thread() -> libc::pid_t {
    #[expect(unsafe_code, reason = "the operating system's name for the thread")]
    // SAFETY: has no preconditions.
    unsafe {
        libc::gettid()
    }
}

#[cfg(not(target_os = "linux"))]
const SENT_TO_THREAD: libc::c_int = libc::SI_USER;

/// Elsewhere nothing lists them.
#[cfg(not(target_os = "linux"))]
fn threads() -> Vec<(libc::pid_t, String)> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn ask(_thread: libc::pid_t) {}

#[cfg(not(target_os = "linux"))]
fn thread() -> libc::pid_t {
    -1
}

fn process() -> libc::pid_t {
    #[expect(unsafe_code, reason = "the standard library's number has another type")]
    // SAFETY: has no preconditions.
    unsafe {
        libc::getpid()
    }
}

fn errno() -> libc::c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

#[cfg(target_os = "linux")]
fn set_errno(errno: libc::c_int) {
    #[expect(unsafe_code, reason = "the interrupted code may be about to read it")]
    // SAFETY: the place is the calling thread's.
    unsafe {
        *libc::__errno_location() = errno;
    }
}

#[cfg(not(target_os = "linux"))]
fn set_errno(_errno: libc::c_int) {}
