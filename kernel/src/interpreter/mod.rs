//! The thread that Python runs on, and the handle by which the rest of the kernel reaches it.
//!
//! - `builder`: settings, native and frozen modules
//! - `ahead`: decoding modules before they are imported
//! - `thread`: start and end of the interpreter thread
//! - `comm`: comm messages
//! - `ending`: who is told of the end of a cell
//! - `lookup`: the threads that answer completions and inspections while cells run
//! - `specialization`: instructions that wait for an object which does not come again

pub(crate) mod ahead;
pub(crate) mod builder;
mod comm;
mod ending;
mod lookup;
mod sets;
mod specialization;
mod thread;

pub(crate) use self::comm::handler_is_on_stack;
pub(crate) use self::ending::Ending;
pub(crate) use self::specialization::statement_begins;
pub use self::thread::leave_signals_to_python;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use everloop_protocol::ParentHeader;
use everloop_protocol::content::ErrorContent;
use everloop_protocol::content::comm_info::CommInfoRequest;
use everloop_protocol::content::complete::CompleteRequest;
use everloop_protocol::content::execute::{ExecuteReply, ExecuteRequest};
use everloop_protocol::content::inspect::InspectRequest;
use rustpython_vm::PyPayload;
use serde_json::{Map, Value};

use crate::descriptors::Capture;
use crate::history::History;
use crate::kicks;
use crate::lanes::Lanes;
use crate::native::cell::Cell as NativeCell;
use crate::native::door::Door;
use crate::native::interrupts;
use crate::native::panics::caught;
use crate::outbox::Outbox;
use crate::sockets::stdin::Stdin;

/// What Python needs of the rest of the kernel.
pub struct Services {
    pub outbox: Outbox,
    pub stdin: Stdin,
    pub history: Arc<History>,
    pub lanes: Arc<Lanes>,
    pub tokio: tokio::runtime::Handle,
    pub capture: Option<Capture>,
    /// The file that other front ends connect by.
    pub connection_file: PathBuf,
}

/// A cell to run.
pub struct Cell {
    pub request: ExecuteRequest,
    /// The request's header: all that the cell publishes carries it.
    pub parent: ParentHeader,
    /// Of the front end that sent it, which is the one that `input()` asks.
    pub identities: Vec<Bytes>,
    pub metadata: Map<String, Value>,
    /// Whether it may run beside others.
    pub is_concurrent: bool,
}

/// How a cell ended.
#[derive(Debug)]
pub struct CellOutcome {
    pub reply: ExecuteReply,
    /// Set when the cell called `exit()`.
    pub exit: Option<Exit>,
}

/// The user wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Only the front end ends.
    pub keep_kernel: bool,
}

/// Reaches the interpreter thread. What is asked before the interpreter is up waits for it, in order.
#[derive(Clone)]
pub struct Interpreter {
    door: Arc<Door>,
    lookups: lookup::Lookups,
}

impl Interpreter {
    /// Starts the interpreter thread, which ends after [`Interpreter::shutdown`].
    ///
    /// # Panics
    /// When the process cannot start a thread, or has an interpreter already.
    #[must_use]
    pub fn spawn(services: Services) -> (Self, JoinHandle<()>) {
        let door = Arc::new(Door::new(services));
        assert!(door.install(), "a process has one interpreter");
        let (lookups, seats) = lookup::prepare();
        let join = thread::spawn(seats, door.tokio.clone());
        (Self { door, lookups }, join)
    }

    /// Begins to run a cell, behind those that began before. Publishes `execute_input` and all outputs under
    /// `cell.parent`; the caller publishes busy, reply and idle, and knows which cells run beside each other. `ended` is
    /// called when everything is in the outbox, on the interpreter thread unless the cell ended without it.
    pub fn begin_cell(&self, cell: Cell, ended: impl FnOnce(CellOutcome) + Send + 'static) {
        let ending = Ending::new(&cell.parent, ended);
        let cell = NativeCell::new(cell, ending);
        self.door.submit(Box::new(move |vm| {
            let door = Door::of(vm)?;
            let main = door
                .main()
                .ok_or_else(|| vm.new_runtime_error("the shell has not started"))?;
            let cell = cell.into_ref(&vm.ctx);
            caught(vm, || vm.call_method(&main.shell, "start", (cell.clone(),)))
                .map(drop)
                .or_else(|raised| cell.fail(&raised, vm))
        }));
    }

    /// Completes the code at the cursor, also while a cell runs: the content of a `complete_reply`.
    pub async fn complete(&self, request: CompleteRequest) -> lookup::Content {
        self.lookups.complete(request).await
    }

    /// Describes the object at the cursor, also while a cell runs: the content of an `inspect_reply`.
    pub async fn inspect(&self, request: InspectRequest) -> lookup::Content {
        self.lookups.inspect(request).await
    }

    /// The open comms, all or those of one target: the content of a `comm_info_reply`.
    pub async fn comm_info(&self, request: CommInfoRequest) -> lookup::Content {
        self.lookups.comm_info(request).await
    }

    /// Interrupts the cell that began last, or all when it is asked again within a second, or when none runs the
    /// handler of a comm message or the task that keeps the next cell from beginning; nothing that begins later. False unless all that runs is meant.
    pub fn interrupt(&self) -> bool {
        let wanted = interrupts::ask(&self.door);
        if wanted != interrupts::Wanted::Nothing {
            kicks::kick(kicks::MAIN, kicks::INTERRUPT);
        }
        wanted == interrupts::Wanted::All
    }

    /// Whether Python has run the handlers of `atexit`, after which only objects are freed.
    pub(crate) fn farewell_is_said(&self) -> bool {
        self.door.farewell_is_said()
    }

    /// Returns when Python has freed what belongs to the user; what it has itself ends with the process.
    pub(crate) async fn is_left(&self) {
        self.door.is_left().cancelled().await;
    }

    /// Answers the cells that run, since the process is about to end: `why` says what ends it, and the lines below the
    /// first one where.
    pub(crate) fn bury(&self, why: &str) {
        for cell in self.door.running() {
            tracing::error!("In [{}] ran when the process ended", cell.count());
            cell.bury(&self.door.outbox, died(why));
            // The interpreter may be broken, and no object of it is to be freed any more.
            std::mem::forget(cell);
        }
    }

    /// Ends the interpreter: interrupts the cell that runs, lets the loop stop, runs the atexit handlers. Returns at
    /// once; the thread that [`Interpreter::spawn`] returned ends when all of it is done.
    pub fn shutdown(&self) {
        self.door.shut_down();
        self.door.stdin.end();
        self.door.submit(Box::new(|vm| {
            let door = Door::of(vm)?;
            if let Some(main) = door.main() {
                vm.call_method(main.event_loop.as_ref(), "stop", ())?;
            }
            Ok(())
        }));
        interrupts::ask_all(&self.door);
        kicks::kick(kicks::MAIN, kicks::INTERRUPT);
    }
}

/// What a cell ends with that outlives the process or the interpreter: the error as it is published. `why` as in
/// [`Interpreter::bury`].
fn died(why: &str) -> ErrorContent {
    let (evalue, stack) = why.trim_end().split_once('\n').unwrap_or((why, ""));
    let mut traceback: Vec<_> = stack.lines().map(str::to_owned).collect();
    if !traceback.is_empty() {
        traceback.insert(0, "Python stack, the innermost call first:".to_owned());
    }
    traceback.push(format!("KernelDied: {evalue}"));
    ErrorContent {
        ename: "KernelDied".to_owned(),
        evalue: evalue.to_owned(),
        traceback,
    }
}

/// The reply of cell `number` that ended with this error.
pub(crate) fn failed(error: ErrorContent, number: u64) -> ExecuteReply {
    ExecuteReply::Error {
        execution_count: number,
        user_expressions: Map::new(),
        payload: Vec::new(),
        ename: error.ename,
        evalue: error.evalue,
        traceback: error.traceback,
    }
}
