//! What the process was started with less of than the machine has.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Each with a value that leaves most of a limited address space to cells: without them the allocator reserves it by the
/// gigabyte, and the C library 64 MB for each thread.
const FRUGAL: [(&str, &str); 2] = [
    ("MIMALLOC_ARENA_RESERVE", "32768"),
    ("MALLOC_ARENA_MAX", "1"),
];

/// The limit of the address space in bytes (`ulimit -v`), if there is one.
pub(crate) fn address_space() -> Option<usize> {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    #[expect(unsafe_code, reason = "limits are a system call")]
    // SAFETY: `limit` lives longer than the call.
    unsafe {
        libc::getrlimit(libc::RLIMIT_AS, &raw mut limit)
    };
    if limit.rlim_cur == libc::RLIM_INFINITY {
        return None;
    }
    usize::try_from(limit.rlim_cur).ok()
}

/// Where the address space is limited, starts the program anew, so that its allocators reserve little of it.
///
/// # Errors
/// When the operating system cannot start this program anew.
pub fn reserve_little() -> io::Result<()> {
    if address_space().is_none() || std::env::var_os(FRUGAL[0].0).is_some() {
        return Ok(());
    }
    let mut words = std::env::args_os();
    let name: OsString = words.next().unwrap_or_default();
    Err(Command::new(std::env::current_exe()?)
        .arg0(name)
        .args(words)
        .envs(FRUGAL)
        .exec())
}
