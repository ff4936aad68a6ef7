//! The heap of scheduled handles.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rustpython_vm::PyRef;

use super::timer_handle::TimerHandle;

/// Below this many cancelled timers the heap is left alone (`asyncio.base_events._MIN_SCHEDULED_TIMER_HANDLES`).
const MIN_TIMERS: usize = 100;

#[derive(Debug)]
struct Entry {
    when: f64,
    /// Timers of one instant run in the order in which they were scheduled.
    order: u64,
    timer: PyRef<TimerHandle>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        // Reversed: `BinaryHeap` gives its greatest entry, we want the earliest.
        other
            .when
            .total_cmp(&self.when)
            .then(other.order.cmp(&self.order))
    }
}

/// Scheduled handles, earliest first.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Entry>,
    scheduled: u64,
    cancelled: usize,
}

impl Timers {
    pub(super) fn push(&mut self, timer: PyRef<TimerHandle>) {
        self.scheduled += 1;
        let when = timer.due_at();
        self.heap.push(Entry {
            // "Not a number" has no place in an order: at once, as asyncio.
            when: if when.is_nan() {
                f64::NEG_INFINITY
            } else {
                when
            },
            order: self.scheduled,
            timer,
        });
    }

    /// Notes that one more of the scheduled handles is cancelled, and gives the memory back when half of them are.
    pub(super) fn note_cancelled(&mut self) {
        self.cancelled += 1;
        if self.cancelled > MIN_TIMERS && self.cancelled * 2 > self.heap.len() {
            self.heap.retain(|entry| {
                let cancelled = entry.timer.is_cancelled();
                if cancelled {
                    entry.timer.unschedule();
                }
                !cancelled
            });
            self.cancelled = 0;
        }
    }

    /// When the earliest timer that is not cancelled is due.
    pub(super) fn next_when(&mut self) -> Option<f64> {
        while let Some(entry) = self.heap.peek() {
            if !entry.timer.is_cancelled() {
                return Some(entry.when);
            }
            entry.timer.unschedule();
            self.heap.pop();
            self.cancelled = self.cancelled.saturating_sub(1);
        }
        None
    }

    /// The earliest timer if it is due at `now`.
    pub(super) fn pop_due(&mut self, now: f64) -> Option<PyRef<TimerHandle>> {
        if self.next_when()? > now {
            return None;
        }
        let timer = self.heap.pop()?.timer;
        timer.unschedule();
        Some(timer)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = PyRef<TimerHandle>> {
        self.cancelled = 0;
        self.heap.drain().map(|entry| entry.timer)
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.cancelled = 0;
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &PyRef<TimerHandle>> {
        self.heap.iter().map(|entry| &entry.timer)
    }
}
