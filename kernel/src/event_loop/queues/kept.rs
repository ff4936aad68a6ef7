//! Which methods of a queue are the native ones: those need no call through Python.

use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::{AsObject, Py, VirtualMachine};

use super::queue::Queue;
use crate::event_loop::own_method::OwnMethod;

/// A method that other methods call, and that may be overridden.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Full,
    QSize,
    Empty,
    PutNowait,
    GetNowait,
    Put,
    Get,
    WakeupNext,
    GetLoop,
    Init,
}

/// In the order of [`Method`].
static METHODS: [OwnMethod; 10] = [
    OwnMethod::new("full"),
    OwnMethod::new("qsize"),
    OwnMethod::new("empty"),
    OwnMethod::new("put_nowait"),
    OwnMethod::new("get_nowait"),
    OwnMethod::new("_put"),
    OwnMethod::new("_get"),
    OwnMethod::new("_wakeup_next"),
    OwnMethod::new("_get_loop"),
    OwnMethod::new("_init"),
];

/// What was found for a class: its version in the upper half, a bit for each method that it keeps in the lower. A class
/// gets another version whenever it or a base of it changes, and no two have the same.
#[derive(Debug, Default)]
pub(super) struct Kept(AtomicU64);

impl Method {
    pub(super) fn name(self) -> &'static str {
        METHODS[self as usize].name()
    }

    /// Whether the method of `queue` is the native one.
    pub(super) fn is_kept_by(self, queue: &Py<Queue>, vm: &VirtualMachine) -> bool {
        let version = queue.class().tp_version_tag.load(Ordering::Acquire);
        let known = queue.kept.0.load(Ordering::Relaxed);
        let known = if version != 0 && known >> 32 == u64::from(version) {
            known
        } else {
            look(queue, vm)
        };
        known & (1 << (self as u32)) != 0 && !self.is_in_instance(queue, vm)
    }

    fn is_in_instance(self, queue: &Py<Queue>, vm: &VirtualMachine) -> bool {
        let queue = queue.as_object();
        queue.has_instance_dict()
            && queue
                .dict()
                .is_some_and(|dict| !dict.is_empty() && dict.contains_key(self.name(), vm))
    }
}

fn look(queue: &Py<Queue>, vm: &VirtualMachine) -> u64 {
    let class = queue.class();
    let mut kept = 0;
    let mut version = 0;
    for (index, method) in METHODS.iter().enumerate() {
        if method.is_kept_by::<Queue>(class, vm) {
            kept |= 1 << index;
        }
        let now = class.tp_version_tag.load(Ordering::Acquire);
        if index == 0 {
            // The look has given the class a version if it had none.
            version = now;
        } else if now != version {
            // It was changed meanwhile; the next call looks again.
            return kept;
        }
    }
    kept |= u64::from(version) << 32;
    queue.kept.0.store(kept, Ordering::Relaxed);
    kept
}
