//! One connection, TCP or Unix, read and written through a shared reference.

use std::io::{self, IoSlice, Read};

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::net::UnixStream;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Unix(stream) => stream.readable().await,
        }
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Unix(stream) => stream.writable().await,
        }
    }

    pub(crate) fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read_buf(buffer),
            Self::Unix(stream) => stream.try_read_buf(buffer),
        }
    }

    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write_vectored(slices),
            Self::Unix(stream) => stream.try_write_vectored(slices),
        }
    }

    /// Asks the operating system itself, not tokio's memory of the last readiness event, so that nothing which
    /// has arrived is overlooked. What a barrier needs.
    pub(crate) fn direct(&self) -> io::Result<Direct> {
        use std::os::fd::AsFd;
        Ok(match self {
            Self::Tcp(stream) => Direct::Tcp(stream.as_fd().try_clone_to_owned()?.into()),
            Self::Unix(stream) => Direct::Unix(stream.as_fd().try_clone_to_owned()?.into()),
        })
    }
}

/// A second descriptor of the same non-blocking connection.
pub(crate) enum Direct {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Read for Direct {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}
