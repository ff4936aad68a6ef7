//! One lookup thread, and whoever asks it.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustpython_vm::{VirtualMachine, vm::thread::ThreadedVirtualMachine};
use serde_json::value::RawValue;
use tokio::sync::{oneshot, watch};

use super::answer::{self, Depth, Question};
use crate::fatal::give_alternate_stack;
use crate::native::door::Door;

struct Lookup {
    question: Arc<Question>,
    answer_tx: oneshot::Sender<Box<RawValue>>,
}

/// How long to wait for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// From the question.
    Total(Duration),
    /// For every single answer that the thread gives before this one, and for this one.
    Each(Duration),
}

/// What a lookup thread has to do.
#[derive(Debug, Default)]
struct Work {
    /// Python comes up before anything is answered; who asks until then is answered when it is there.
    python_is_up: bool,
    asked: usize,
    done: usize,
    /// Somebody has stopped waiting for what is not done. Nobody else needs to wait as long.
    is_stuck: bool,
}

impl Work {
    fn finish_one(&mut self) {
        self.done += 1;
        self.is_stuck = false;
    }

    /// Whether it gets stuck: a thread that has nothing to do is not, and nothing would tell it so.
    fn get_stuck(&mut self) -> bool {
        self.is_stuck = self.done < self.asked;
        self.is_stuck
    }
}

/// A lookup thread as others see it.
pub(super) struct LookupThread {
    lookups: mpsc::Sender<Lookup>,
    work: Arc<watch::Sender<Work>>,
    /// The thread that the first question starts.
    waiting: Mutex<Option<(Seat, ThreadedVirtualMachine)>>,
}

/// What a lookup thread works with.
pub(super) struct Seat {
    depth: Depth,
    lookups: mpsc::Receiver<Lookup>,
    work: Arc<watch::Sender<Work>>,
}

impl LookupThread {
    pub(super) fn prepare(depth: Depth) -> (Self, Seat) {
        let (lookups_tx, lookups) = mpsc::channel();
        let work = Work {
            // The static one is asked after the full one.
            python_is_up: depth == Depth::Static,
            ..Work::default()
        };
        let work = Arc::new(watch::Sender::new(work));
        let thread = Self {
            lookups: lookups_tx,
            work: Arc::clone(&work),
            waiting: Mutex::default(),
        };
        let seat = Seat {
            depth,
            lookups,
            work,
        };
        (thread, seat)
    }

    /// Lets the first question start the thread.
    pub(super) fn start_when_asked(&self, seat: Seat, thread: ThreadedVirtualMachine) {
        *self.waiting() = Some((seat, thread));
    }

    /// The answer, or None when there is none within `limit`. The lookup is forgotten then, unless it has begun.
    pub(super) async fn ask(
        &self,
        question: &Arc<Question>,
        limit: Limit,
    ) -> Option<Box<RawValue>> {
        if self.work.borrow().is_stuck {
            return None;
        }
        let waiting = self.waiting().take();
        if let Some((seat, thread)) = waiting {
            seat.start(thread);
        }
        let (answer_tx, mut answer) = oneshot::channel();
        let question = Arc::clone(question);
        let lookup = Lookup {
            question,
            answer_tx,
        };
        change(&self.work, |work| work.asked += 1);
        self.lookups.send(lookup).ok()?;
        tokio::select! {
            biased;
            // Ends also when the thread has ended, and the lookup with it.
            answer = &mut answer => answer.ok(),
            () = self.too_late(limit) => {
                self.work.send_if_modified(Work::get_stuck);
                None
            }
        }
    }

    /// Returns when the thread has not answered within `limit`, or when it has not answered somebody else.
    async fn too_late(&self, limit: Limit) {
        let mut work = self.work.subscribe();
        let (time, each) = match limit {
            Limit::Total(time) => (time, false),
            Limit::Each(time) => (time, true),
        };
        // They fail when the thread has ended, which ends the lookup.
        let _ = work.wait_for(|work| work.python_is_up).await;
        loop {
            let done = work.borrow().done;
            let stuck = work.wait_for(|work| work.is_stuck);
            let is_over = tokio::time::timeout(time, stuck).await.is_err();
            let goes_on = each && is_over && work.borrow().done != done;
            if !goes_on {
                return;
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<(Seat, ThreadedVirtualMachine)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes what nobody waits for.
fn change(work: &watch::Sender<Work>, change: impl FnOnce(&mut Work)) {
    work.send_if_modified(|work| {
        change(work);
        false
    });
}

impl Seat {
    pub(super) fn start(self, thread: ThreadedVirtualMachine) {
        let name = match self.depth {
            Depth::Full => "lookup",
            Depth::Static => "static lookup",
        };
        let spawned = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(thread.make_spawn_func(move |vm| self.serve(vm)));
        if let Err(error) = spawned {
            tracing::error!(%error, name, "there are no threads for completion and inspection");
        }
    }

    fn serve(self, vm: &VirtualMachine) {
        give_alternate_stack();
        // One that arrived here would not end what the interpreter thread waits for.
        super::super::thread::leave_signals_to_python();
        let Ok(door) = Door::of(vm) else { return };
        vm.allow_threads(|| door.wait_for_main());
        self.work.send_modify(|work| work.python_is_up = true);
        while let Ok(lookup) = vm.allow_threads(|| self.lookups.recv()) {
            self.answer(lookup, vm);
        }
    }

    fn answer(&self, lookup: Lookup, vm: &VirtualMachine) {
        // Else somebody else has answered it, while this thread was busy.
        let answer = if lookup.answer_tx.is_closed() {
            None
        } else {
            answer::answer(&lookup.question, self.depth, vm)
        };
        change(&self.work, Work::finish_one);
        if let Some(answer) = answer {
            // Whoever asked may have gone.
            let _ = lookup.answer_tx.send(answer);
        }
    }
}
