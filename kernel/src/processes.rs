//! The processes that cells started: interrupted with the cell, gone with the kernel.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use libc::{SIGINT, SIGKILL, SIGTERM, pid_t};

/// How often [`end_children`] looks whether they are gone.
const LOOK: Duration = Duration::from_millis(10);

/// Interrupts the children of this process that are in its process group, as Ctrl-C in a terminal does.
pub(crate) fn interrupt_children() {
    let ours = group(0);
    for pid in descendants() {
        if group(pid) == ours {
            signal(pid, SIGINT);
        }
    }
}

/// Ends all descendants: asks them, and after `patience` kills those that are still there.
pub(crate) async fn end_children(patience: Duration) {
    if has_children() {
        end_descendants_of(own_pid(), patience).await;
    }
}

/// Whether this process has any; those that have ended and wait for it count.
fn has_children() -> bool {
    #[expect(unsafe_code, reason = "waiting is a system call")]
    // SAFETY: `info` lives longer than the call.
    let answer = unsafe {
        let mut info = std::mem::zeroed::<libc::siginfo_t>();
        libc::waitid(
            libc::P_ALL,
            0,
            &raw mut info,
            libc::WEXITED | libc::WNOHANG | libc::WNOWAIT,
        )
    };
    answer == 0
}

async fn end_descendants_of(root: pid_t, patience: Duration) {
    let children = descendants_of(root);
    for &pid in &children {
        signal(pid, SIGTERM);
    }
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline && children.iter().any(|&pid| runs(pid)) {
        tokio::time::sleep(LOOK).await;
    }
    // Also those that were started meanwhile. What has ended is not a descendant any more.
    let late = descendants_of(root);
    for &pid in children.iter().chain(&late) {
        if runs(pid) {
            signal(pid, SIGKILL);
        }
    }
}

/// Children of this process, their children, and so on.
pub(crate) fn descendants() -> Vec<pid_t> {
    descendants_of(own_pid())
}

fn own_pid() -> pid_t {
    std::process::id().cast_signed()
}

fn descendants_of(root: pid_t) -> Vec<pid_t> {
    let mut children: HashMap<pid_t, Vec<pid_t>> = HashMap::new();
    for (pid, parent) in processes() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        let next = children.remove(&parent).unwrap_or_default();
        open.extend(&next);
        found.extend(next);
    }
    found
}

/// Every process of the machine and its parent.
#[cfg(target_os = "linux")]
fn processes() -> Vec<(pid_t, pid_t)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, status(pid)?.1))
        })
        .collect()
}

/// State and parent of a process.
#[cfg(target_os = "linux")]
fn status(pid: pid_t) -> Option<(char, pid_t)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything, also blanks and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn processes() -> Vec<(pid_t, pid_t)> {
    let Ok(output) = std::process::Command::new("ps")
        .args(["-axo", "pid=,ppid="])
        .output()
    else {
        return Vec::new();
    };
    let own = own_pid();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        // `ps` itself has ended.
        .filter(|&(pid, parent)| parent != own || runs(pid))
        .collect()
}

/// Whether a process is there and not only waits to be collected by its parent.
#[cfg(target_os = "linux")]
fn runs(pid: pid_t) -> bool {
    status(pid).is_some_and(|(state, _)| state != 'Z')
}

#[cfg(not(target_os = "linux"))]
fn runs(pid: pid_t) -> bool {
    exists(pid)
}

/// Whether there is a process of this number.
pub(crate) fn exists(pid: pid_t) -> bool {
    signal(pid, 0) || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn signal(pid: pid_t, signal: libc::c_int) -> bool {
    // SAFETY: kill has no preconditions.
    unsafe { libc::kill(pid, signal) == 0 }
}

#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn group(pid: pid_t) -> pid_t {
    // SAFETY: getpgid has no preconditions.
    unsafe { libc::getpgid(pid) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// A process with a child and a grandchild that do not want to end.
    const STUBBORN: &str = "trap '' TERM; (sleep 60 & echo $!; wait) & wait";

    #[tokio::test]
    async fn children_and_grandchildren_end_even_when_they_do_not_want_to() {
        let mut root = Command::new("sh")
            .args(["-c", STUBBORN])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = std::io::BufReader::new(root.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        let grandchild: pid_t = line.trim().parse().unwrap();
        let root_pid = root.id().cast_signed();
        assert!(descendants_of(root_pid).contains(&grandchild));
        end_descendants_of(root_pid, Duration::from_millis(50)).await;
        // It waits for its child and ends when that is dead.
        root.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while runs(grandchild) && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        assert!(!runs(grandchild));
    }
}
