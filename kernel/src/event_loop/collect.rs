//! What the loop and its queues own, for the collector of cycles: a loop that nobody closed is part of one.

use rustpython_vm::{
    PyObjectRef,
    object::{Traverse, TraverseFn},
};

use super::core::LoopCore;
use super::ready::Ready;

// A lock that is taken is a queue that is in use: what it holds is then not garbage this time.
#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited at most once. What is locked is not: it only seems to be in use.
unsafe impl Traverse for LoopCore {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(ready) = self.ready.try_lock() {
            ready.iter().for_each(|entry| entry.traverse(visit));
        }
        if let Some(scheduled) = self.scheduled.try_lock() {
            scheduled.handles().for_each(|timer| timer.traverse(visit));
        }
        if let Some(watches) = self.watches.try_lock() {
            watches.targets().for_each(|target| target.traverse(visit));
        }
        self.task_failure_handler.traverse(visit);
        self.task_factory.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        for entry in self
            .ready
            .get_mut()
            .drain(..)
            .chain(self.watches.get_mut().drain())
        {
            match entry {
                Ready::Handle(handle) => out.push(handle),
                Ready::Step(task) => out.push(task.into()),
                Ready::Wakeup(task, future) => out.extend([task.into(), future]),
                Ready::Read(transport) | Ready::Write(transport) => out.push(transport.into()),
            }
        }
        let timers = self.scheduled.get_mut().drain();
        out.extend(timers.map(PyObjectRef::from));
        out.extend(self.task_failure_handler.get_mut().take());
        out.extend(self.task_factory.get_mut().take());
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `LoopCore`.
unsafe impl Traverse for Ready {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        match self {
            Self::Handle(handle) => handle.traverse(visit),
            Self::Step(task) => task.traverse(visit),
            Self::Wakeup(task, future) => {
                task.traverse(visit);
                future.traverse(visit);
            }
            Self::Read(transport) | Self::Write(transport) => transport.traverse(visit),
        }
    }
}
