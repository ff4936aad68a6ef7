//! Completions, inspections and the open comms, on the live namespace and while cells run: there is no GIL.
//!
//! Two threads of the interpreter answer. The *full* one also asks the file system, IPython's completer and completers
//! of the user, any of which may take its time. The *static* one reads what is in memory and runs nothing that could
//! wait; it begins with the first question that the full one has not answered in time.
//!
//! - `thread`: one of the threads, and whoever asks it
//! - `answer`: from a question to what Python says

mod answer;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use everloop_protocol::content::comm_info::{CommInfoReply, CommInfoRequest};
use everloop_protocol::content::complete::{CompleteReply, CompleteRequest};
use everloop_protocol::content::inspect::{InspectReply, InspectRequest};
use rustpython_vm::Interpreter;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use self::answer::{Depth, Question};
use self::thread::{Limit, LookupThread, Seat};

/// How long the full answer may take. Who types does not wait longer.
const DEADLINE: Duration = Duration::from_millis(200);
/// How long the static thread may take for one answer. Nothing holds it up but a built-in function for which the
/// collection of garbage has to wait, and so everybody else.
const LAST_RESORT: Duration = Duration::from_secs(1);

/// The content of a reply.
pub(super) type Content = serde_json::Result<Box<RawValue>>;

/// Asks the lookup threads.
#[derive(Clone)]
pub(super) struct Lookups {
    full: Arc<LookupThread>,
    known: Arc<LookupThread>,
}

/// The lookup threads' places, which the interpreter fills.
pub(super) struct Seats {
    full: Seat,
    known: (Arc<LookupThread>, Seat),
}

pub(super) fn prepare() -> (Lookups, Seats) {
    let (full, full_seat) = LookupThread::prepare(Depth::Full);
    let (known, known_seat) = LookupThread::prepare(Depth::Static);
    let (full, known) = (Arc::new(full), Arc::new(known));
    let seats = Seats {
        full: full_seat,
        known: (Arc::clone(&known), known_seat),
    };
    (Lookups { full, known }, seats)
}

impl Seats {
    /// Gives both threads what they need to answer. They do until the last handle of the interpreter is gone.
    pub(super) fn fill(self, interpreter: &Interpreter) {
        let (known, seat) = self.known;
        known.start_when_asked(seat, interpreter.new_thread());
        self.full.start(interpreter.new_thread());
    }
}

impl Lookups {
    pub(super) async fn complete(&self, request: CompleteRequest) -> Content {
        let cursor = request.cursor_pos.unwrap_or_default();
        let nothing = CompleteReply {
            cursor_start: cursor,
            cursor_end: cursor,
            ..CompleteReply::default()
        };
        self.ask(Question::Complete(request), nothing).await
    }

    pub(super) async fn inspect(&self, request: InspectRequest) -> Content {
        let nothing = InspectReply::default();
        self.ask(Question::Inspect(request), nothing).await
    }

    pub(super) async fn comm_info(&self, request: CommInfoRequest) -> Content {
        let nothing = CommInfoReply::default();
        self.ask(Question::CommInfo(request), nothing).await
    }

    /// What the first thread says that answers, or `nothing`.
    async fn ask(&self, question: Question, nothing: impl Serialize) -> Content {
        let question = Arc::new(question);
        let mut answer = self.full.ask(&question, Limit::Total(DEADLINE)).await;
        if answer.is_none() {
            answer = self.known.ask(&question, Limit::Each(LAST_RESORT)).await;
        }
        answer.map_or_else(|| to_raw_value(&nothing), Ok)
    }
}
