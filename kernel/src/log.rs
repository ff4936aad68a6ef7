//! The log: `tracing` to the stderr that the process was started with, at the level that `EVERLOOP_LOG` names.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::descriptors;
use crate::native::panics;

const VARIABLE: &str = "EVERLOOP_LOG";
const DEFAULT: &str = "warn";
/// The crate cannot delete the name of a socket that has none any more (`sockets::router`), and warns of it.
const ALWAYS: &str = "zeromq::transport::ipc=error";

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
