//! What the native module reaches of the rest of the kernel. One process has one kernel, and so one door.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustpython_vm::{PyObjectRef, PyRef, PyResult, VirtualMachine};

use super::cell::Cell;
use crate::descriptors::Capture;
use crate::event_loop::{Job, LoopCore, Wake};
use crate::history::History;
use crate::interpreter::Services;
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
    pub tokio: tokio::runtime::Handle,
    capture: Option<Capture>,
    pub connection_file: PathBuf,
    inbox: Mutex<Inbox>,
    main: OnceLock<Main>,
    running: Mutex<Option<PyRef<Cell>>>,
    latest: Mutex<Option<PyRef<Cell>>>,
    shutting_down: AtomicBool,
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
            tokio,
            capture,
            connection_file,
        } = services;
        Self {
            outbox,
            stdin,
            history,
            tokio,
            capture,
            connection_file,
            inbox: Mutex::new(Inbox::Early(Vec::new())),
            main: OnceLock::new(),
            running: Mutex::default(),
            latest: Mutex::default(),
            shutting_down: AtomicBool::new(false),
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
        DOOR.get()
            .map(AsRef::as_ref)
            .ok_or_else(|| vm.new_runtime_error("no kernel runs in this process"))
    }

    /// Hands a job to the interpreter thread, in order, whether the loop exists yet or not.
    pub fn submit(&self, job: Job) {
        match &mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner) {
            Inbox::Early(jobs) => jobs.push(job),
            Inbox::Open(wake) => wake.submit(job),
        }
    }

    pub(super) fn start(&self, event_loop: PyRef<LoopCore>, shell: PyObjectRef) {
        let wake = Arc::clone(event_loop.wake());
        // A second start would be a defect of ours; the first loop stays.
        let _ = self.main.set(Main { event_loop, shell });
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// The cell that runs now.
    pub fn running(&self) -> Option<PyRef<Cell>> {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The cell that began last: whose output it is when nobody knows better.
    pub fn latest(&self) -> Option<PyRef<Cell>> {
        self.latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn cell_begins(&self, cell: &PyRef<Cell>) {
        self.drain_descriptors();
        if let Some(capture) = &self.capture {
            capture.set_parent(cell.parent().clone());
        }
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(cell.clone());
        let replaced = self
            .latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(cell.clone());
        drop(replaced);
    }

    pub(super) fn cell_ends(&self) {
        let ended = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(ended);
    }

    /// Publishes what is in the pipes of the descriptors 1 and 2.
    pub fn drain_descriptors(&self) {
        if let Some(capture) = &self.capture {
            capture.drain();
        }
    }

    pub fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Acquire)
    }

    pub fn shut_down(&self) {
        self.shutting_down.store(true, Ordering::Release);
    }
}
