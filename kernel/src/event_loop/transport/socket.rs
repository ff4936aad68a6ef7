//! The system calls on a connected, non-blocking socket.

use std::io;
use std::os::fd::RawFd;

/// How many pieces one call sends at most; more only cost time to gather.
pub(super) const MAX_PIECES: usize = 64;

#[cfg(any(target_os = "linux", target_os = "android"))]
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEND_FLAGS: i32 = 0;

/// Receives as much as the spare capacity of `buffer` holds, at its end; returns how much, 0 at the end of the stream.
pub(super) fn recv(fd: RawFd, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let spare = buffer.spare_capacity_mut();
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the kernel writes no more than the length of the spare capacity.
    let received = unsafe { libc::recv(fd, spare.as_mut_ptr().cast(), spare.len(), 0) };
    let received = count(received)?;
    let length = buffer.len() + received;
    #[expect(unsafe_code, reason = "the kernel has written that many bytes")]
    // SAFETY: the bytes up to `length` are initialised and within the capacity.
    unsafe {
        buffer.set_len(length);
    };
    Ok(received)
}

/// Receives into `buffer` and returns how much.
pub(super) fn recv_into(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the kernel writes no more than the length of the buffer.
    count(unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) })
}

/// Sends what the socket takes at once and returns how much that was.
pub(super) fn send(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the kernel reads no more than the length of the data.
    count(unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), SEND_FLAGS) })
}

/// As [`send`], of several pieces.
pub(super) fn send_pieces<'a>(
    fd: RawFd,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> io::Result<usize> {
    let mut vectors: Vec<libc::iovec> = pieces
        .take(MAX_PIECES)
        .map(|piece| libc::iovec {
            iov_base: piece.as_ptr().cast_mut().cast(),
            iov_len: piece.len(),
        })
        .collect();
    #[expect(unsafe_code, reason = "a message without an address is all zeroes")]
    // SAFETY: null pointers and zero lengths are what such a message has.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    message.msg_iovlen = vectors.len() as _;
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: the message names the vectors, they name the pieces, and all of them outlive the call, which only reads.
    count(unsafe { libc::sendmsg(fd, &raw const message, SEND_FLAGS) })
}

/// Whether the call is to be made again once the socket is ready.
pub(super) fn is_not_ready(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

fn count(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn pieces_arrive_in_order() {
        let (one, other) = UnixStream::pair().expect("descriptors are left");
        let pieces: [&[u8]; 3] = [b"one ", b"", b"two"];
        let sent = send_pieces(one.as_raw_fd(), pieces.into_iter()).expect("the other end is open");
        assert_eq!(sent, 7);
        let mut received = Vec::with_capacity(16);
        recv(other.as_raw_fd(), &mut received).expect("there is data");
        assert_eq!(received, b"one two");
    }

    #[test]
    fn receiving_adds_to_what_is_there() {
        let (one, other) = UnixStream::pair().expect("descriptors are left");
        send(one.as_raw_fd(), b"cd").expect("the other end is open");
        let mut received = Vec::with_capacity(16);
        received.extend_from_slice(b"ab");
        assert_eq!(
            recv(other.as_raw_fd(), &mut received).expect("there is data"),
            2
        );
        assert_eq!(received, b"abcd");
    }

    #[test]
    fn the_end_of_the_stream_is_zero_bytes() {
        let (one, other) = UnixStream::pair().expect("descriptors are left");
        drop(one);
        let mut received = Vec::with_capacity(16);
        assert_eq!(
            recv(other.as_raw_fd(), &mut received).expect("the end is no error"),
            0
        );
    }

    #[test]
    fn an_empty_socket_is_not_ready() {
        let (one, _other) = UnixStream::pair().expect("descriptors are left");
        one.set_nonblocking(true)
            .expect("the descriptor is a socket");
        let error = recv_into(one.as_raw_fd(), &mut [0; 8]).expect_err("nothing was sent");
        assert!(is_not_ready(&error));
    }
}
