//! The log: `tracing` to the stderr that the process was started with, at the level that `EVERLOOP_LOG` names.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::descriptors;
use crate::native::panics;

const VARIABLE: &str = "EVERLOOP_LOG";

/// Starts logging. By default warnings and errors are logged.
pub(crate) fn start() -> io::Result<()> {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let stderr = descriptors::original_stderr()?;
    // Fails when a log has been started already, as in a test; then that one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(stderr))
        .try_init();
    // Descriptor 2 will be the cells': a panic of ours is none of their output.
    std::panic::set_hook(Box::new(panics::note));
    Ok(())
}
