//! Descriptors that the loop watches for reading and writing.
//!
//! asyncio promises level-triggered readiness: a handler is called again as long as its descriptor stays ready. tokio's
//! `AsyncFd` is edge-triggered, so the descriptors are kept in a poller of our own (epoll, kqueue), and tokio watches
//! only that poller.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};
use rustpython_vm::PyObjectRef;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The handles of one descriptor.
#[derive(Debug, Default)]
struct Watch {
    reader: Option<PyObjectRef>,
    writer: Option<PyObjectRef>,
}

/// Which of the two handles of a descriptor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Read,
    Write,
}

impl Watch {
    fn slot(&mut self, direction: Direction) -> &mut Option<PyObjectRef> {
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

/// The handles to run by descriptor.
#[derive(Debug, Default)]
pub(super) struct Watches {
    by_fd: HashMap<RawFd, Watch>,
}

impl Watches {
    pub(super) fn is_empty(&self) -> bool {
        self.by_fd.is_empty()
    }

    /// Sets the handle of a descriptor and returns the one it replaces.
    pub(super) fn set(
        &mut self,
        poller: &Poller,
        fd: RawFd,
        direction: Direction,
        handle: PyObjectRef,
    ) -> io::Result<Option<PyObjectRef>> {
        if let Some(watch) = self.by_fd.get_mut(&fd) {
            let replaced = watch.slot(direction).replace(handle);
            if replaced.is_none() {
                modify(poller, fd, watch.interest(fd))?;
            }
            return Ok(replaced);
        }
        let mut watch = Watch::default();
        *watch.slot(direction) = Some(handle);
        #[expect(unsafe_code, reason = "the descriptor belongs to Python")]
        // SAFETY: asyncio's contract: whoever watches a descriptor stops watching it before closing it. The kernel
        // forgets a closed descriptor by itself, and `drop_stale` forgets ours.
        unsafe { poller.add_with_mode(fd, watch.interest(fd), PollMode::Level) }?;
        self.by_fd.insert(fd, watch);
        Ok(None)
    }

    /// Takes the handle of a descriptor away and returns it.
    pub(super) fn unset(
        &mut self,
        poller: &Poller,
        fd: RawFd,
        direction: Direction,
    ) -> Option<PyObjectRef> {
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

    /// The handles that an event makes ready: the reader first, as asyncio's `_process_events` has it.
    pub(super) fn ready(&self, event: &Event) -> impl Iterator<Item = PyObjectRef> {
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
    pub(super) fn handles(&self) -> impl Iterator<Item = (RawFd, [Option<PyObjectRef>; 2])> {
        self.by_fd
            .iter()
            .map(|(fd, watch)| (*fd, [watch.reader.clone(), watch.writer.clone()]))
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

    /// What is ready now, without waiting.
    pub(super) fn poll(&self, events: &mut Events) -> io::Result<()> {
        events.clear();
        self.poller().wait(events, Some(Duration::ZERO)).map(drop)
    }

    /// Resolves when a watched descriptor is ready.
    pub(super) async fn ready(&self, events: &mut Events) -> io::Result<()> {
        loop {
            let mut guard = self.poller.readable().await?;
            self.poll(events)?;
            if !events.is_empty() {
                return Ok(());
            }
            guard.clear_ready();
        }
    }
}
