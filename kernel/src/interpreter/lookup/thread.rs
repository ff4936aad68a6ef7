//! One lookup thread, and whoever asks it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustpython_vm::{VirtualMachine, vm::thread::ThreadedVirtualMachine};
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use super::answer::{self, Depth, Question};
use crate::native::door::Door;

/// How long the first question may be waited for. When nobody has asked by then, what answers is imported all the same,
/// so that the first question finds it there; but not beside the first cell.
const PATIENCE: Duration = Duration::from_millis(300);

struct Lookup {
    question: Arc<Question>,
    answer_tx: oneshot::Sender<Value>,
}

/// How long to wait for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// From the question.
    Total(Duration),
    /// For every single answer that the thread gives before this one, and for this one.
    Each(Duration),
}

/// What a lookup thread does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Python comes up; who asks is answered when it is there.
    Starting,
    Free,
    Busy,
    /// Busy for so long that somebody who asked has stopped waiting. Nobody else needs to wait as long.
    Stuck,
}

/// A lookup thread as others see it.
pub(super) struct LookupThread {
    lookups: mpsc::Sender<Lookup>,
    state: Arc<watch::Sender<State>>,
    answered: Arc<AtomicUsize>,
    /// The thread that the first question starts.
    waiting: Mutex<Option<(Seat, ThreadedVirtualMachine)>>,
}

/// What a lookup thread works with.
pub(super) struct Seat {
    depth: Depth,
    lookups: mpsc::Receiver<Lookup>,
    state: Arc<watch::Sender<State>>,
    answered: Arc<AtomicUsize>,
}

impl LookupThread {
    pub(super) fn prepare(depth: Depth) -> (Self, Seat) {
        let (lookups_tx, lookups) = mpsc::channel();
        let state = Arc::new(watch::Sender::new(State::Starting));
        let answered = Arc::new(AtomicUsize::new(0));
        let thread = Self {
            lookups: lookups_tx,
            state: Arc::clone(&state),
            answered: Arc::clone(&answered),
            waiting: Mutex::default(),
        };
        let seat = Seat {
            depth,
            lookups,
            state,
            answered,
        };
        (thread, seat)
    }

    /// Lets the first question start the thread.
    pub(super) fn start_when_asked(&self, seat: Seat, thread: ThreadedVirtualMachine) {
        *self.waiting() = Some((seat, thread));
    }

    /// The answer, or None when there is none within `limit`. The lookup is forgotten then, unless it has begun.
    pub(super) async fn ask(&self, question: &Arc<Question>, limit: Limit) -> Option<Value> {
        let mut state = self.state.subscribe();
        if *state.borrow() == State::Stuck {
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
        self.lookups.send(lookup).ok()?;
        tokio::select! {
            biased;
            // Ends also when the thread has ended, and the lookup with it.
            answer = &mut answer => answer.ok(),
            () = self.too_late(&mut state, limit) => {
                self.state.send_if_modified(get_stuck);
                None
            }
        }
    }

    /// Returns when the thread has not answered within `limit`, or when it has not answered somebody else.
    async fn too_late(&self, state: &mut watch::Receiver<State>, limit: Limit) {
        // They fail when the thread has ended, which ends the lookup.
        let _ = state.wait_for(|state| *state != State::Starting).await;
        loop {
            let answered = self.answered.load(Ordering::Relaxed);
            let stuck = state.wait_for(|state| *state == State::Stuck);
            let (Limit::Total(time) | Limit::Each(time)) = limit;
            let is_over = tokio::time::timeout(time, stuck).await.is_err();
            let has_answered = answered != self.answered.load(Ordering::Relaxed);
            if !(is_over && has_answered && matches!(limit, Limit::Each(_))) {
                return;
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<(Seat, ThreadedVirtualMachine)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that has just come free is not stuck.
fn get_stuck(state: &mut State) -> bool {
    let gets_stuck = *state == State::Busy;
    if gets_stuck {
        *state = State::Stuck;
    }
    gets_stuck
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
        // One that arrived here would not end what the interpreter thread waits for.
        super::super::thread::leave_interrupts_to_python();
        let Ok(door) = Door::of(vm) else { return };
        vm.allow_threads(|| door.wait_for_main());
        self.state.send_replace(State::Free);
        let first = vm.allow_threads(|| self.lookups.recv_timeout(PATIENCE));
        answer::prepare(vm);
        if let Ok(lookup) = first {
            self.answer(lookup, vm);
        }
        while let Ok(lookup) = vm.allow_threads(|| self.lookups.recv()) {
            self.answer(lookup, vm);
        }
    }

    fn answer(&self, lookup: Lookup, vm: &VirtualMachine) {
        if lookup.answer_tx.is_closed() {
            // Somebody else has answered it, while this thread was busy.
            return;
        }
        self.becomes(State::Busy);
        let answer = answer::answer(&lookup.question, self.depth, vm);
        self.becomes(State::Free);
        self.answered.fetch_add(1, Ordering::Relaxed);
        if let Some(answer) = answer {
            // Whoever asked may have gone.
            let _ = lookup.answer_tx.send(answer);
        }
    }

    /// Nobody waits for these.
    fn becomes(&self, next: State) {
        self.state.send_if_modified(|state| {
            *state = next;
            false
        });
    }
}
