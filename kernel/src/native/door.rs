//! What the native module reaches of the rest of the kernel. One process has one kernel, and so one door.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};
use tokio_util::sync::CancellationToken;

use super::cell::Cell;
use super::forks;
use crate::descriptors::Capture;
use crate::event_loop::{Job, LoopCore, Wake};
use crate::history::History;
use crate::interpreter::Services;
use crate::lanes::Lanes;
use crate::outbox::Outbox;
use crate::sockets::stdin::Stdin;

static DOOR: OnceLock<Arc<Door>> = OnceLock::new();

/// Where jobs for the interpreter thread go: into the loop's inbox once there is a loop.
enum Inbox {
    Early(Vec<Job>),
    Open(Arc<Wake>),
}

/// The parts of the kernel that Python reaches, and what both halves know of each other.
pub struct Door {
    pub outbox: Outbox,
    pub stdin: Stdin,
    pub history: Arc<History>,
    pub lanes: Arc<Lanes>,
    pub tokio: tokio::runtime::Handle,
    capture: Option<Capture>,
    pub connection_file: PathBuf,
    inbox: Mutex<Inbox>,
    main: OnceLock<Main>,
    /// In the order in which they began.
    running: Mutex<Vec<PyRef<Cell>>>,
    /// Those whose code is on the stack of the interpreter thread, the innermost last.
    stepping: Mutex<Vec<PyRef<Cell>>>,
    latest: Mutex<Option<PyRef<Cell>>>,
    shutting_down: AtomicBool,
    farewell_is_said: AtomicBool,
    /// Cancelled when nothing of the user is left that the process would have to wait for.
    is_left: CancellationToken,
}

/// The Python objects of the running kernel.
pub struct Main {
    pub event_loop: PyRef<LoopCore>,
    pub shell: PyObjectRef,
}

impl Door {
    pub fn new(services: Services) -> Self {
        let Services {
            outbox,
            stdin,
            history,
            lanes,
            tokio,
            capture,
            connection_file,
        } = services;
        Self {
            outbox,
            stdin,
            history,
            lanes,
            tokio,
            capture,
            connection_file,
            inbox: Mutex::new(Inbox::Early(Vec::new())),
            main: OnceLock::new(),
            running: Mutex::default(),
            stepping: Mutex::default(),
            latest: Mutex::default(),
            shutting_down: AtomicBool::new(false),
            farewell_is_said: AtomicBool::new(false),
            is_left: CancellationToken::new(),
        }
    }

    /// Makes this the door of the process; false if there is one already.
    pub fn install(self: &Arc<Self>) -> bool {
        DOOR.set(Arc::clone(self)).is_ok()
    }

    /// The door of the process.
    ///
    /// # Errors
    /// RuntimeError when no kernel runs in this process.
    pub fn of(vm: &VirtualMachine) -> PyResult<&'static Self> {
        Self::existing().ok_or_else(|| vm.new_runtime_error("no kernel runs in this process"))
    }

    /// The door of the process, if a kernel runs in it.
    pub fn existing() -> Option<&'static Self> {
        DOOR.get().map(AsRef::as_ref)
    }

    /// Hands a job to the interpreter thread, in order, whether the loop exists yet or not.
    pub fn submit(&self, job: Job) {
        match &mut *locked(&self.inbox) {
            Inbox::Early(jobs) => jobs.push(job),
            Inbox::Open(wake) => wake.submit(job),
        }
    }

    pub(super) fn start(&self, event_loop: PyRef<LoopCore>, shell: PyObjectRef) {
        let wake = Arc::clone(event_loop.wake());
        // A second start would be a defect of ours; the first loop stays.
        let _ = self.main.set(Main { event_loop, shell });
        let mut inbox = locked(&self.inbox);
        if let Inbox::Early(jobs) = std::mem::replace(&mut *inbox, Inbox::Open(Arc::clone(&wake))) {
            for job in jobs {
                wake.submit(job);
            }
        }
    }

    pub fn main(&self) -> Option<&Main> {
        self.main.get()
    }

    /// Waits until the shell has started.
    pub fn wait_for_main(&self) -> &Main {
        self.main.wait()
    }

    /// The cells that run now, in the order in which they began.
    pub fn running(&self) -> Vec<PyRef<Cell>> {
        locked(&self.running).clone()
    }

    /// The cell that began last: whose output it is when nobody knows better.
    pub fn latest(&self) -> Option<PyRef<Cell>> {
        locked(&self.latest).clone()
    }

    pub(super) fn cell_begins(&self, cell: &PyRef<Cell>) {
        self.capture_for(cell);
        if self.is_shutting_down() {
            // It was on its way when those that ran were interrupted.
            cell.interrupt_later();
        }
        locked(&self.running).push(cell.clone());
        let replaced = locked(&self.latest).replace(cell.clone());
        drop(replaced);
    }

    pub(super) fn cell_ends(&self, generation: u64) {
        let ended: Vec<_> = locked(&self.running)
            .extract_if(.., |cell| cell.generation() == generation)
            .collect();
        // Not under the lock, since Python objects go with it.
        drop(ended);
    }

    /// The code of the cell goes on, inside of the code that ran until now.
    pub(super) fn step_begins(&self, cell: &PyRef<Cell>) {
        if locked(&self.running).len() > 1 {
            self.capture_for(cell);
        }
        locked(&self.stepping).push(cell.clone());
    }

    /// Returns the cell whose code goes on now, inside of which the ended step was.
    pub(super) fn step_ends(&self) -> Option<PyRef<Cell>> {
        let mut stepping = locked(&self.stepping);
        let ended = stepping.pop();
        let outer = stepping.last().cloned();
        drop(stepping);
        drop(ended);
        outer
    }

    /// The cell whose code runs, if any does.
    pub(super) fn innermost(&self) -> Option<PyRef<Cell>> {
        locked(&self.stepping).last().cloned()
    }

    /// What is written to the descriptors 1 and 2 belongs to this cell from now on.
    fn capture_for(&self, cell: &Cell) {
        if let Some(capture) = self.capture() {
            capture.set_parent(cell.parent());
        }
    }

    /// Publishes what is in the pipes of the descriptors 1 and 2.
    pub fn drain_descriptors(&self) {
        if let Some(capture) = self.capture() {
            capture.drain();
        }
    }

    /// What is written to the descriptors; of a child that was forked it is the parent's to read.
    fn capture(&self) -> Option<&Capture> {
        self.capture.as_ref().filter(|_| !forks::is_child())
    }

    pub fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Acquire)
    }

    pub(super) fn say_farewell(&self) {
        self.farewell_is_said.store(true, Ordering::Release);
    }

    /// Whether the handlers of `atexit` have run.
    pub fn farewell_is_said(&self) -> bool {
        self.farewell_is_said.load(Ordering::Acquire)
    }

    pub(super) fn leave(&self) {
        self.is_left.cancel();
    }

    /// Cancelled when Python has freed what belongs to the user, and written what was not written yet.
    pub fn is_left(&self) -> &CancellationToken {
        &self.is_left
    }

    pub fn shut_down(&self) {
        self.shutting_down.store(true, Ordering::Release);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
