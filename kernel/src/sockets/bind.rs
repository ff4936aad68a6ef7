//! From the connection file to five bound listeners.

use std::io;

use everloop_protocol::connection::{ConnectionFile, Transport};

use super::zmtp::listener::Listener;

#[derive(Debug, thiserror::Error)]
#[error("cannot bind the {socket} socket to {endpoint}")]
pub struct BindError {
    socket: &'static str,
    endpoint: String,
    source: io::Error,
}

/// All five, bound: a client that connects from now on is served as soon as the socket's task runs.
pub(crate) struct Listeners {
    pub(crate) shell: Listener,
    pub(crate) iopub: Listener,
    pub(crate) stdin: Listener,
    pub(crate) control: Listener,
    pub(crate) heartbeat: Listener,
}

impl Listeners {
    /// Binds what the file names; ports that are 0 there get the number that was found.
    pub(crate) async fn bind(file: &mut ConnectionFile) -> Result<Self, BindError> {
        let wanted = file.clone();
        Ok(Self {
            shell: bind("shell", &wanted, &mut file.shell_port).await?,
            iopub: bind("iopub", &wanted, &mut file.iopub_port).await?,
            stdin: bind("stdin", &wanted, &mut file.stdin_port).await?,
            control: bind("control", &wanted, &mut file.control_port).await?,
            heartbeat: bind("heartbeat", &wanted, &mut file.hb_port).await?,
        })
    }
}

async fn bind(
    socket: &'static str,
    file: &ConnectionFile,
    port: &mut u16,
) -> Result<Listener, BindError> {
    let bound = match file.transport {
        Transport::Tcp => Listener::bind_tcp(&file.ip, *port).await,
        Transport::Ipc => Listener::bind_ipc(&file.ip, *port),
    };
    let (listener, bound_port) = bound.map_err(|source| BindError {
        socket,
        endpoint: file.endpoint(*port),
        source,
    })?;
    *port = bound_port;
    Ok(listener)
}
