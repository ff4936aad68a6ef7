//! `os.access` as the operating system answers it: it knows read-only file systems and access lists.

use std::ffi::CString;
use std::os::fd::RawFd;

/// Whether this process may use the file in the ways that `mode` names, by its effective identity or by its real one.
/// A path that has a zero byte in it belongs to no file.
pub(super) fn access(
    path: Vec<u8>,
    mode: libc::c_int,
    directory: Option<RawFd>,
    by_effective_ids: bool,
    follows_links: bool,
) -> bool {
    let Ok(path) = CString::new(path) else {
        return false;
    };
    let mut flags = 0;
    if by_effective_ids {
        flags |= libc::AT_EACCESS;
    }
    if !follows_links {
        flags |= libc::AT_SYMLINK_NOFOLLOW;
    }
    let directory = directory.unwrap_or(libc::AT_FDCWD);
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the path lives until the call returns and ends with a zero byte.
    let status = unsafe { libc::faccessat(directory, path.as_ptr(), mode, flags) };
    status == 0
}

#[cfg(test)]
mod tests {
    use super::access;

    fn readable(path: &str) -> bool {
        access(path.into(), libc::R_OK, None, false, true)
    }

    #[test]
    fn a_file_that_is_there_can_be_read_and_others_cannot() {
        assert!(readable(file!().trim_start_matches("kernel/")));
        assert!(!readable("no-such-file"));
        assert!(!readable("src\0"));
    }
}
