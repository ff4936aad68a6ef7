//! Binding: tcp and ipc, given ports and free ones.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::net::UnixListener;

use super::stream::Stream;

/// A bound socket. A Unix socket's file is removed when it is dropped.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Binds `tcp://ip:port`; port 0 takes a free one. Returns the port with the listener.
    pub(crate) async fn bind_tcp(ip: &str, port: u16) -> io::Result<(Self, u16)> {
        let listener = match ip.trim_start_matches('[').trim_end_matches(']') {
            "*" => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?,
            ip => match ip.parse::<IpAddr>() {
                Ok(address) => TcpListener::bind((address, port)).await?,
                Err(_) => TcpListener::bind((ip, port)).await?,
            },
        };
        let port = listener.local_addr()?.port();
        Ok((Self::Tcp(listener), port))
    }

    /// Binds `ipc://prefix-port`; port 0 takes the first number from 1 whose file does not exist, as Jupyter does.
    pub(crate) fn bind_ipc(prefix: &str, port: u16) -> io::Result<(Self, u16)> {
        let mut candidate = port.max(1);
        loop {
            let path = PathBuf::from(format!("{prefix}-{candidate}"));
            if port != 0 && is_stale(&path) {
                std::fs::remove_file(&path)?;
            }
            match UnixListener::bind(&path) {
                Ok(listener) => return Ok((Self::Unix(listener, SocketFile(path)), candidate)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && port == 0 => {
                    candidate = candidate.checked_add(1).ok_or(error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Replies are whole messages: waiting for more to send only costs time.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

/// A socket file that nobody listens on, left by a process that was killed.
fn is_stale(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_zero_takes_a_free_port() {
        let (_first, port) = Listener::bind_tcp("127.0.0.1", 0).await.unwrap();
        assert_ne!(port, 0);
        let taken = Listener::bind_tcp("127.0.0.1", port).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn ipc_takes_free_numbers_and_removes_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("kernel");
        let prefix = prefix.to_str().unwrap();
        let (first, one) = Listener::bind_ipc(prefix, 0).unwrap();
        let (_second, two) = Listener::bind_ipc(prefix, 0).unwrap();
        assert_eq!((one, two), (1, 2));
        drop(first);
        assert!(!folder.path().join("kernel-1").exists());
    }

    #[tokio::test]
    async fn ipc_file_of_a_killed_process_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("kernel");
        let prefix = prefix.to_str().unwrap();
        drop(std::os::unix::net::UnixListener::bind(format!("{prefix}-7")).unwrap());
        let (_live, port) = Listener::bind_ipc(prefix, 7).unwrap();
        assert_eq!(port, 7);
        let taken = Listener::bind_ipc(prefix, 7).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
