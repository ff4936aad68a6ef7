//! Which cells run beside others, and whether any runs: told by Python, asked by dispatch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Which cells run beside others: all of them after `%concurrent on`, else those that say so on their first line.
#[derive(Default)]
pub struct Lanes {
    all: AtomicBool,
    changed: Notify,
    running: AtomicUsize,
}

impl Lanes {
    /// Lets all cells run beside each other, or only those that ask for it.
    pub fn set_concurrent(&self, all: bool) {
        self.all.store(all, Ordering::Release);
        self.changed.notify_one();
    }

    /// Whether all cells run beside each other.
    pub fn are_concurrent(&self) -> bool {
        self.all.load(Ordering::Acquire)
    }

    /// Returns when [`Lanes::set_concurrent`] is called, or has been since this returned last.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether any cell runs now.
    pub(crate) fn are_in_use(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    /// A cell runs for as long as what this returns lives.
    pub(crate) fn enter(self: &Arc<Self>) -> InLane {
        self.running.fetch_add(1, Ordering::AcqRel);
        InLane(Arc::clone(self))
    }
}

/// A cell that runs.
#[must_use]
pub(crate) struct InLane(Arc<Lanes>);

impl Drop for InLane {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}
