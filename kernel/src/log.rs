//! The log: `tracing` to the stderr that the process was started with, at the level that `EVERLOOP_LOG` names.

use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_subscriber::EnvFilter;

use crate::descriptors;
use crate::native::panics;

const VARIABLE: &str = "EVERLOOP_LOG";
const DEFAULT: &str = "warn";
/// The crate cannot delete the name of a socket that has none any more (`sockets::router`), and warns of it.
const ALWAYS: &str = "zeromq::transport::ipc=error";

/// Where messages are refused.
const TARGET: &str = "everloop::dispatch";
/// So many messages that were refused have a line each; of those that follow, the 10,000th, the 100,000th and so on.
const REFUSED: u64 = 1_000;

/// Starts logging. By default warnings and errors are logged.
pub(crate) fn start() -> io::Result<()> {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let wanted = Some(wanted.as_str()).filter(|wanted| !wanted.is_empty());
    let filter = with_always(wanted.unwrap_or(DEFAULT));
    let complaint = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.or_else(|_| with_always(DEFAULT)).unwrap_or_default();
    let stderr = descriptors::original_stderr()?;
    // Fails when a log has been started already, as in a test; then that one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(stderr))
        .try_init();
    if let Some(complaint) = complaint {
        tracing::warn!("{VARIABLE} is ignored: {complaint}");
    }
    // Descriptor 2 will be the cells': a panic of ours is none of their output.
    std::panic::set_hook(Box::new(panics::note));
    Ok(())
}

fn with_always(wanted: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{wanted},{ALWAYS}"))
}

/// Notes that a message was refused. Whoever can connect can send as many as he likes, and the log is kept in a file.
pub(crate) fn refused(socket: &'static str, error: &dyn Display) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    if has_line(count) {
        tracing::warn!(target: TARGET, socket, %error, count, "ignored a message");
    } else {
        tracing::debug!(target: TARGET, socket, %error, count, "ignored a message");
    }
}

fn has_line(count: u64) -> bool {
    count <= REFUSED || 10_u64.pow(count.ilog10()) == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refused_messages_has_few_lines() {
        let lines: Vec<u64> = (1..=2_000_000).filter(|&count| has_line(count)).collect();
        let later = [10_000, 100_000, 1_000_000];
        assert_eq!(lines, (1..=1_000).chain(later).collect::<Vec<u64>>());
    }
}
