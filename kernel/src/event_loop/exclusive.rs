//! What keeps a handle to one thread at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustpython_vm::VirtualMachine;

/// A lock that the thread which holds it may take again, as `threading.RLock`; who waits for it lets Python go on.
#[derive(Debug, Default)]
pub(super) struct Exclusive {
    holder: Mutex<Option<Holder>>,
    left: Condvar,
}

#[derive(Debug)]
struct Holder {
    thread: usize,
    times: u32,
}

/// What no other living thread has: the address of something of its own. Cheaper than `thread::current().id()`.
fn this_thread() -> usize {
    thread_local!(static MINE: u8 = const { 0 });
    MINE.with(|mine| std::ptr::from_ref(mine).addr())
}

impl Exclusive {
    /// Waits until no other thread is inside; inside until the guard is dropped.
    pub(super) fn enter(&self, vm: &VirtualMachine) -> Guard<'_> {
        if !self.try_enter() {
            vm.allow_threads(|| {
                let mut holder = self.lock();
                while holder.is_some() {
                    holder = self
                        .left
                        .wait(holder)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                *holder = Some(Holder::new());
            });
        }
        Guard(self)
    }

    fn try_enter(&self) -> bool {
        let mut holder = self.lock();
        match holder.as_mut() {
            None => *holder = Some(Holder::new()),
            Some(holder) if holder.thread == this_thread() => holder.times += 1,
            Some(_) => return false,
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Option<Holder>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder {
    fn new() -> Self {
        Self {
            thread: this_thread(),
            times: 1,
        }
    }
}

/// Inside of an [`Exclusive`].
#[derive(Debug)]
pub(super) struct Guard<'a>(&'a Exclusive);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut holder = self.0.lock();
        if let Some(mine) = holder.as_mut() {
            mine.times -= 1;
            if mine.times == 0 {
                *holder = None;
                self.0.left.notify_one();
            }
        }
    }
}
