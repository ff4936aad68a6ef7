//! Binding: tcp and ipc, given ports and free ones.

use std::fs::Permissions;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::net::UnixListener;

use super::stream::Stream;

/// A bound socket. A Unix socket's file is removed when it is dropped.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "it goes with the listener")] SocketFile,
    ),
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
            match bind_private(&path) {
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

/// Binds for the owner alone: who may write to a socket's file may connect.
fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let listener = {
        let _mask = Mask::owner_only();
        UnixListener::bind(path)?
    };
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// What the process takes away from the mode of new files, until this is dropped. The kernel binds before Python starts,
/// so that no file of a cell is made meanwhile.
struct Mask(libc::mode_t);

impl Mask {
    fn owner_only() -> Self {
        Self(exchange_mask(0o077))
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        exchange_mask(self.0);
    }
}

#[expect(unsafe_code, reason = "a system call")]
fn exchange_mask(mask: libc::mode_t) -> libc::mode_t {
    // SAFETY: takes a number and returns one; it cannot fail.
    unsafe { libc::umask(mask) }
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
    async fn ipc_is_for_the_owner_alone_and_new_files_are_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let file = std::fs::metadata(folder.path().join(name)).unwrap();
            file.permissions().mode() & 0o777
        };
        std::fs::write(folder.path().join("before"), "").unwrap();
        let prefix = folder.path().join("kernel");
        let _bound = Listener::bind_ipc(prefix.to_str().unwrap(), 1).unwrap();
        std::fs::write(folder.path().join("after"), "").unwrap();
        assert_eq!(mode("kernel-1"), 0o600);
        assert_eq!(mode("after"), mode("before"));
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
