//! Jupyter tells a kernel who started it in `JPY_PARENT_PID`. When that process dies without a word, the kernel
//! would stay for ever; so it looks once a second.

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
        Some(parent) if parent > 1 => poll(parent, INTERVAL).await,
        _ => std::future::pending().await,
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
    use super::*;

    #[tokio::test]
    async fn notices_the_end_of_a_process_that_is_not_the_direct_parent() {
        let interval = Duration::from_millis(10);
        let mut process = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let mut poll = tokio::spawn(poll(process.id().cast_signed(), interval));
        let while_it_lives = tokio::time::timeout(5 * interval, &mut poll).await;
        assert!(while_it_lives.is_err());
        process.kill().unwrap();
        process.wait().unwrap();
        tokio::time::timeout(Duration::from_secs(10), poll)
            .await
            .unwrap()
            .unwrap();
    }
}
