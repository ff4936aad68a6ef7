//! Descriptors that the loop watches for reading and writing.
//!
//! asyncio promises level-triggered readiness: a handler is called again as long as its descriptor stays ready. tokio's
//! `AsyncFd` is edge-triggered, so the descriptors are kept in a poller of our own (epoll, kqueue), and tokio watches
//! only that poller.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use polling::{Event, PollMode, Poller};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::ready::Ready;

/// What runs when one descriptor is ready.
#[derive(Debug, Default)]
struct Watch {
    reader: Option<Ready>,
    writer: Option<Ready>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Read,
    Write,
}

impl Watch {
    fn slot(&mut self, direction: Direction) -> &mut Option<Ready> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    fn interest(&self, fd: RawFd) -> Event {
        // A descriptor is not negative; the poller wants its key unsigned.
        let key = usize::try_from(fd).unwrap_or(usize::MAX);
        Event::new(key, self.reader.is_some(), self.writer.is_some())
    }

    fn is_empty(&self) -> bool {
        self.reader.is_none() && self.writer.is_none()
    }
}

/// What runs, by descriptor.
#[derive(Debug, Default)]
pub(super) struct Watches {
    by_fd: HashMap<RawFd, Watch>,
}

impl Watches {
    pub(super) fn is_empty(&self) -> bool {
        self.by_fd.is_empty()
    }

    /// Sets what runs when a descriptor is ready and returns what it replaces.
    pub(super) fn set(
        &mut self,
        poller: &Poller,
        fd: RawFd,
        direction: Direction,
        target: Ready,
    ) -> io::Result<Option<Ready>> {
        if let Some(watch) = self.by_fd.get_mut(&fd) {
            let replaced = watch.slot(direction).replace(target);
            if replaced.is_none() {
                modify(poller, fd, watch.interest(fd))?;
            }
            return Ok(replaced);
        }
        let mut watch = Watch::default();
        *watch.slot(direction) = Some(target);
        #[expect(unsafe_code, reason = "the descriptor belongs to Python")]
        // SAFETY: asyncio's contract: whoever watches a descriptor stops watching it before closing it. The kernel
        // forgets a closed descriptor by itself, and `drop_stale` forgets ours.
        unsafe { poller.add_with_mode(fd, watch.interest(fd), PollMode::Level) }?;
        self.by_fd.insert(fd, watch);
        Ok(None)
    }

    /// Takes what runs when a descriptor is ready away and returns it.
    pub(super) fn unset(
        &mut self,
        poller: &Poller,
        fd: RawFd,
        direction: Direction,
    ) -> Option<Ready> {
        let watch = self.by_fd.get_mut(&fd)?;
        let removed = watch.slot(direction).take()?;
        if watch.is_empty() {
            self.by_fd.remove(&fd);
            // A descriptor that was closed while watched is gone from the poller already.
            let _ = delete(poller, fd);
        } else {
            let interest = watch.interest(fd);
            let _ = modify(poller, fd, interest);
        }
        Some(removed)
    }

    /// What an event makes ready: the reader first, as asyncio's `_process_events` has it.
    pub(super) fn ready(&self, event: &Event) -> impl Iterator<Item = Ready> {
        let fd = RawFd::try_from(event.key).unwrap_or(-1);
        // Errors and hang-ups are both readable and writable to the poller.
        let watch = self.by_fd.get(&fd);
        let reader = watch
            .filter(|_| event.readable)
            .and_then(|watch| watch.reader.clone());
        let writer = watch
            .filter(|_| event.writable)
            .and_then(|watch| watch.writer.clone());
        reader.into_iter().chain(writer)
    }

    /// The reader and the writer of each descriptor.
    pub(super) fn entries(&self) -> impl Iterator<Item = (RawFd, [Option<Ready>; 2])> {
        self.by_fd
            .iter()
            .map(|(fd, watch)| (*fd, [watch.reader.clone(), watch.writer.clone()]))
    }

    /// Whether the descriptor is watched.
    pub(super) fn is_set(&self, fd: RawFd, direction: Direction) -> bool {
        self.by_fd.get(&fd).is_some_and(|watch| match direction {
            Direction::Read => watch.reader.is_some(),
            Direction::Write => watch.writer.is_some(),
        })
    }

    /// What runs when any of the descriptors is ready.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Ready> {
        let watches = self.by_fd.values();
        watches.flat_map(|watch| watch.reader.iter().chain(watch.writer.iter()))
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Ready> {
        let watches = self.by_fd.drain();
        watches.flat_map(|(_, watch)| watch.reader.into_iter().chain(watch.writer))
    }

    pub(super) fn clear(&mut self) {
        self.by_fd.clear();
    }
}

fn modify(poller: &Poller, fd: RawFd, interest: Event) -> io::Result<()> {
    #[expect(unsafe_code, reason = "the descriptor belongs to Python")]
    // SAFETY: the descriptor is only named to the kernel, which answers EBADF if it is closed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    poller.modify_with_mode(borrowed, interest, PollMode::Level)
}

fn delete(poller: &Poller, fd: RawFd) -> io::Result<()> {
    #[expect(unsafe_code, reason = "the descriptor belongs to Python")]
    // SAFETY: as in `modify`.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    poller.delete(borrowed)
}

/// The poller and tokio's view of it.
#[derive(Debug)]
pub(super) struct Readiness {
    poller: AsyncFd<PollerFd>,
}

#[derive(Debug)]
struct PollerFd(Poller);

impl AsRawFd for PollerFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Readiness {
    /// # Errors
    /// When the process has no descriptors left. Must be called inside a tokio runtime.
    pub(super) fn new() -> io::Result<Self> {
        let poller = PollerFd(Poller::new()?);
        // SAFETY: the poller owns its descriptor and lives inside of the `AsyncFd`.
        #[expect(unsafe_code, reason = "the poller is its own descriptor's owner")]
        let poller = unsafe { AsyncFd::register_with_interest(poller, Interest::READABLE) }
            .map_err(|error| error.into_parts().1)?;
        Ok(Self { poller })
    }

    pub(super) fn poller(&self) -> &Poller {
        &self.poller.get_ref().0
    }

    /// What is ready now, without waiting. A look costs one system call: the poller's own `wait` sets timers and
    /// notifications up first, which makes five.
    #[cfg(target_os = "linux")]
    pub(super) fn poll(&self) -> io::Result<Vec<Event>> {
        const AT_ONCE: u8 = 255;
        let mut ready = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE as usize];
        #[expect(unsafe_code, reason = "a system call")]
        // SAFETY: `ready` has room for as many events as the call is told.
        let count = unsafe {
            libc::epoll_wait(
                self.poller.as_raw_fd(),
                ready.as_mut_ptr(),
                AT_ONCE.into(),
                0,
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted => Ok(Vec::new()),
                _ => Err(error),
            };
        };
        Ok(ready[..count].iter().copied().map(event).collect())
    }

    /// What is ready now, without waiting.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn poll(&self) -> io::Result<Vec<Event>> {
        let mut events = polling::Events::new();
        self.poller()
            .wait(&mut events, Some(std::time::Duration::ZERO))?;
        Ok(events.iter().collect())
    }

    /// Resolves when a watched descriptor is ready, with all that are.
    pub(super) async fn ready(&self) -> io::Result<Vec<Event>> {
        loop {
            let mut guard = self.poller.readable().await?;
            let events = self.poll()?;
            if !events.is_empty() {
                return Ok(events);
            }
            guard.clear_ready();
        }
    }
}

/// As the poller reads its own events: errors and hang-ups are both readable and writable.
#[cfg(target_os = "linux")]
fn event(ready: libc::epoll_event) -> Event {
    let either = libc::EPOLLHUP | libc::EPOLLERR;
    let readable = either | libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLPRI;
    let writable = either | libc::EPOLLOUT;
    let is = |flags: i32| ready.events & flags.cast_unsigned() != 0;
    let key = usize::try_from(ready.u64).unwrap_or(usize::MAX);
    Event::new(key, is(readable), is(writable))
}
