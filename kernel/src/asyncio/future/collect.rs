//! What a `Future` refers to, for the collector of garbage.

use rustpython_vm::{
    PyObjectRef,
    object::{Traverse, TraverseFn},
};

use super::{DoneCallback, Future, Inner};

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned is visited once.
unsafe impl Traverse for Inner {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.event_loop.traverse(visit);
        self.first_callback.traverse(visit);
        self.more_callbacks.traverse(visit);
        self.result.traverse(visit);
        self.exception.traverse(visit);
        self.exception_traceback.traverse(visit);
        self.cancel_message.traverse(visit);
        self.cancelled_error.traverse(visit);
        self.source_traceback.traverse(visit);
        self.awaited_by.traverse(visit);
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: as for `Inner`.
unsafe impl Traverse for Future {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.inner.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        self.inner.get_mut().clear(out);
    }
}

impl Inner {
    /// Gives up what may be part of a cycle.
    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.event_loop.take());
        for callback in self
            .first_callback
            .take()
            .into_iter()
            .chain(self.more_callbacks.drain(..))
        {
            match callback {
                DoneCallback::Call { function, context } => out.extend([function, context]),
                DoneCallback::Wake(task) => out.push(task.into()),
            }
        }
        out.extend(self.result.take());
        out.extend(self.exception.take().map(PyObjectRef::from));
        out.extend(self.exception_traceback.take().map(PyObjectRef::from));
        out.extend(self.cancel_message.take());
        out.extend(self.cancelled_error.take().map(PyObjectRef::from));
        out.extend(self.source_traceback.take());
        out.append(&mut self.awaited_by);
    }
}
