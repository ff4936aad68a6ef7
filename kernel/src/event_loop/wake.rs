//! How other threads reach a loop that may be parked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{PyResult, VirtualMachine};
use tokio::sync::Notify;

/// Something that another thread wants done on the loop's thread, with the interpreter at hand.
pub type Job = Box<dyn FnOnce(&VirtualMachine) -> PyResult<()> + Send>;

/// The inbox of a loop and the bell beside it. Jobs may arrive before the loop exists: they are kept in order.
#[derive(Default)]
pub struct Wake {
    bell: Notify,
    has_jobs: AtomicBool,
    jobs: Mutex<Vec<Job>>,
}

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wake").finish_non_exhaustive()
    }
}

impl Wake {
    /// Ends the parking of the loop, or the next one if it is not parked.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Hands a job to the loop's thread; it runs at the beginning of the next turn, after those handed over before.
    pub fn submit(&self, job: Job) {
        self.lock().push(job);
        self.has_jobs.store(true, Ordering::Release);
        self.ring();
    }

    /// The jobs that arrived since the last call, oldest first.
    pub fn take_jobs(&self) -> Vec<Job> {
        if !self.has_jobs.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.lock())
    }

    /// Whether a job waits.
    pub fn has_jobs(&self) -> bool {
        self.has_jobs.load(Ordering::Acquire)
    }

    /// Resolves when the bell has rung since the last time this resolved.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Job>> {
        self.jobs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
