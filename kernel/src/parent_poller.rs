//! Jupyter tells a kernel who started it in `JPY_PARENT_PID`. When that process dies without a word, the kernel
//! would stay for ever. On Linux that process has a descriptor, which says when it ends; elsewhere the kernel looks
//! once a second.

use std::os::unix::process::parent_id;
use std::time::Duration;

use libc::pid_t;

use crate::processes;

const VARIABLE: &str = "JPY_PARENT_PID";
const INTERVAL: Duration = Duration::from_secs(1);

/// Returns when the process named in `JPY_PARENT_PID` is gone; never when none is named.
pub(crate) async fn parent_died() {
    let named = std::env::var(VARIABLE)
        .ok()
        .and_then(|pid| pid.parse::<pid_t>().ok());
    match named {
        // Process 1 does not die.
        Some(parent) if parent > 1 => died(parent).await,
        _ => std::future::pending().await,
    }
}

async fn died(parent: pid_t) {
    #[cfg(target_os = "linux")]
    match process_end::wait(parent).await {
        Ok(()) => return,
        Err(error) => tracing::debug!(%error, parent, "polling for the parent's end"),
    }
    poll(parent, INTERVAL).await;
}

/// Waiting costs nothing there.
#[cfg(target_os = "linux")]
mod process_end {
    use std::io;
    use std::os::fd::{FromRawFd, OwnedFd};

    use libc::pid_t;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// Returns when the process has ended, or when there is none.
    ///
    /// # Errors
    /// Where the system does not give out descriptors of processes (before Linux 5.3, in some sandboxes).
    pub(super) async fn wait(process: pid_t) -> io::Result<()> {
        let descriptor = match open(process) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
            descriptor => descriptor?,
        };
        #[expect(unsafe_code, reason = "tokio keeps the descriptor's number")]
        // SAFETY: the descriptor is owned by the `AsyncFd` and closed with it.
        let descriptor = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
            .map_err(|error| error.into_parts().1)?;
        descriptor.readable().await.map(drop)
    }

    fn open(process: pid_t) -> io::Result<OwnedFd> {
        #[expect(unsafe_code, reason = "a system call that libc has no function for")]
        // SAFETY: it takes two numbers. The descriptor is closed on exec.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
        let fd = i32::try_from(fd).unwrap_or(-1);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        #[expect(unsafe_code, reason = "a number becomes a descriptor")]
        // SAFETY: the descriptor is new and nobody else's.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

async fn poll(parent: pid_t, interval: Duration) {
    // With a wrapper between Jupyter and us, the parent that we see is not the one that is named.
    let is_direct = parent_id().cast_signed() == parent;
    let mut interval = tokio::time::interval(interval);
    loop {
        interval.tick().await;
        let lives = if is_direct {
            // A number may be given again to another process; our parent's changes when it dies.
            parent_id().cast_signed() == parent
        } else {
            processes::exists(parent)
        };
        if !lives {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn start() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    async fn notices_the_end_of(
        mut process: Child,
        noticed: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut noticed = tokio::spawn(noticed);
        let while_it_lives = tokio::time::timeout(5 * SHORT, &mut noticed).await;
        assert!(while_it_lives.is_err());
        process.kill().unwrap();
        process.wait().unwrap();
        tokio::time::timeout(Duration::from_secs(10), noticed)
            .await
            .unwrap()
            .unwrap();
    }

    const SHORT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn polling_notices_the_end_of_a_process_that_is_not_the_direct_parent() {
        let process = start();
        let pid = process.id().cast_signed();
        notices_the_end_of(process, poll(pid, SHORT)).await;
    }

    #[tokio::test]
    async fn notices_the_end_of_a_process() {
        let process = start();
        let pid = process.id().cast_signed();
        notices_the_end_of(process, died(pid)).await;
    }

    #[tokio::test]
    async fn a_process_that_is_gone_already_has_died() {
        let mut process = start();
        let pid = process.id().cast_signed();
        process.kill().unwrap();
        process.wait().unwrap();
        tokio::time::timeout(Duration::from_secs(10), died(pid))
            .await
            .unwrap();
    }
}
