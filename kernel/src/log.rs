//! The log: `tracing` to the stderr that the process was started with, at the level that `EVERLOOP_LOG` names.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::descriptors;

const VARIABLE: &str = "EVERLOOP_LOG";
const DEFAULT: &str = "warn";
/// The crate cannot delete the name of a socket that has none any more (`sockets::router`), and warns of it.
const ALWAYS: &str = "zeromq::transport::ipc=error";

/// Starts logging. By default warnings and errors are logged.
pub(crate) fn start() -> io::Result<()> {
    let wanted = std::env::var(VARIABLE).unwrap_or_else(|_| DEFAULT.to_owned());
    let filter = EnvFilter::try_new(format!("{wanted},{ALWAYS}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("{DEFAULT},{ALWAYS}")));
    let stderr = descriptors::original_stderr()?;
    // Fails when a log has been started already, as in a test; then that one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::sync::Mutex::new(stderr))
        .try_init();
    // Descriptor 2 will be the cells': a panic of ours is none of their output.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}
