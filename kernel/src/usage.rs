//! What the kernel uses of the machine, read from `/proc`. Where there is none, only what is known is told.

use std::collections::HashMap;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use everloop_protocol::content::usage::UsageReply;
use libc::pid_t;
use serde_json::{Map, Value};

use crate::processes;

/// Measures; shares of processor time are those since the last reading.
#[derive(Default)]
pub(crate) struct Meter {
    last: Mutex<Option<Reading>>,
}

struct Reading {
    at: Instant,
    /// Processor time of each process of the kernel in seconds.
    kernel: HashMap<pid_t, f64>,
    host: Option<HostTime>,
}

/// Processor time of the machine since it started, in ticks.
#[derive(Clone, Copy)]
struct HostTime {
    busy: f64,
    total: f64,
}

impl Meter {
    pub(crate) fn read(&self) -> UsageReply {
        let own = std::process::id();
        let mut pids = processes::descendants();
        pids.push(own.cast_signed());
        let now = Reading {
            at: Instant::now(),
            kernel: pids
                .iter()
                .filter_map(|&pid| Some((pid, processor_time(pid)?)))
                .collect(),
            host: host_time(),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = UsageReply {
            hostname: hostname(),
            pid: own,
            cpu_count: std::thread::available_parallelism().ok().map(usize::from),
            kernel_cpu: (!now.kernel.is_empty()).then(|| kernel_share(last.as_ref(), &now)),
            kernel_memory: pids
                .iter()
                .filter_map(|&pid| memory(pid))
                .reduce(|sum, of_one| sum + of_one),
            host_cpu_percent: host_share(last.as_ref(), &now),
            host_virtual_memory: virtual_memory(),
        };
        *last = Some(now);
        reply
    }
}

/// In percent of one processor. 0 at the first reading, as psutil has it.
fn kernel_share(last: Option<&Reading>, now: &Reading) -> f64 {
    let Some(last) = last else { return 0.0 };
    let seconds = now.at.duration_since(last.at).as_secs_f64();
    let used: f64 = now
        .kernel
        .iter()
        .map(|(pid, time)| (time - last.kernel.get(pid).unwrap_or(&0.0)).max(0.0))
        .sum();
    if seconds > 0.0 {
        rounded(100.0 * used / seconds)
    } else {
        0.0
    }
}

/// In percent of all processors; absent when it is not known yet.
fn host_share(last: Option<&Reading>, now: &Reading) -> Option<f64> {
    let (last, now) = (last?.host?, now.host?);
    let total = now.total - last.total;
    let share = 100.0 * (now.busy - last.busy) / total;
    (total > 0.0 && share > 0.0).then(|| rounded(share))
}

fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

fn processor_time(pid: pid_t) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // utime and stime are fields 14 and 15, and the second one, the name, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / ticks_per_second())
}

#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn ticks_per_second() -> f64 {
    // SAFETY: sysconf has no preconditions.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}

fn host_time() -> Option<HostTime> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace();
    // user nice system idle iowait irq softirq steal; what follows is counted in user already.
    let times: Vec<f64> = fields
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    let total: f64 = times.iter().sum();
    let idle = times.get(3)? + times.get(4)?;
    Some(HostTime {
        busy: total - idle,
        total,
    })
}

/// In bytes: a process's share of the memory that it has in common with others, or all that it has.
fn memory(pid: pid_t) -> Option<u64> {
    let value = |file: &str, key: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
        kibibytes(&text).remove(key)
    };
    value("smaps_rollup", "Pss").or_else(|| value("status", "VmRSS"))
}

/// The fields of psutil's `virtual_memory()`.
fn virtual_memory() -> Map<String, Value> {
    let Ok(text) = fs::read_to_string("/proc/meminfo") else {
        return Map::new();
    };
    let info = kibibytes(&text);
    let value = |key: &str| info.get(key).copied();
    let mut memory = Map::new();
    for (name, key) in [
        ("total", "MemTotal"),
        ("available", "MemAvailable"),
        ("free", "MemFree"),
        ("active", "Active"),
        ("inactive", "Inactive"),
        ("buffers", "Buffers"),
        ("cached", "Cached"),
        ("shared", "Shmem"),
        ("slab", "Slab"),
    ] {
        if let Some(bytes) = value(key) {
            memory.insert(name.to_owned(), bytes.into());
        }
    }
    if let (Some(total), Some(available)) = (value("MemTotal"), value("MemAvailable")) {
        let used = total.saturating_sub(available);
        memory.insert("used".to_owned(), used.into());
        memory.insert(
            "percent".to_owned(),
            rounded(100.0 * used as f64 / total as f64).into(),
        );
    }
    memory
}

/// Lines of the form `Key:  123 kB`, in bytes.
fn kibibytes(text: &str) -> HashMap<&str, u64> {
    text.lines()
        .filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = value.trim().strip_suffix(" kB")?;
            Some((key, value.parse::<u64>().ok()? * 1024))
        })
        .collect()
}

#[expect(
    unsafe_code,
    reason = "a system call that the standard library does not have"
)]
fn hostname() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is as long as we say, and its last byte stays zero.
    let result = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
    if result == 0 {
        String::from_utf8_lossy(&name[..end]).into_owned()
    } else {
        String::new()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn kernel_that_computes_uses_a_processor() {
        let meter = Meter::default();
        let first = meter.read();
        assert_eq!(first.pid, std::process::id());
        assert_eq!(first.kernel_cpu, Some(0.0));
        assert_eq!(first.host_cpu_percent, None);
        let begin = Instant::now();
        while begin.elapsed().as_millis() < 200 {
            std::hint::spin_loop();
        }
        let second = meter.read();
        assert!(second.kernel_cpu.unwrap() > 10.0, "{second:?}");
        assert!(second.kernel_memory.unwrap() > 1 << 20);
        let total = &second.host_virtual_memory["total"];
        assert!(total.as_u64() > second.host_virtual_memory["available"].as_u64());
    }
}
