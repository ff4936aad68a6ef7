//! What was run, in this session and before: recorded for and read by `history_request`.
//!
//! The file has IPython's schema, so that one file can serve both. One session is one kernel process. A thread of its
//! own reads and writes it: recording is a send on a channel and never waits for a disk, and a query sees whatever was
//! recorded before it, because it takes the same channel.
//!
//! A file that is locked, damaged or not writable costs one warning; history is then kept in memory. A file that could be
//! opened is tried again, now and then and at the end: a disk may have space again. It is never moved or deleted, since
//! another kernel may be using it.

mod location;
mod store;
mod writer;

use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Thread};
use std::time::Duration;

use everloop_protocol::content::history::{HistoryReply, HistoryRequest};
use tokio::sync::oneshot;

pub use location::Location;
use writer::{Command, Writer};

/// Outputs are there to be found again; what is longer than this many bytes is not kept.
const LONGEST_OUTPUT: usize = 1 << 20;

/// The session of this process in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub number: i64,
    /// `None` when it is kept in memory.
    pub file: Option<PathBuf>,
}

/// The history of the kernel. Cheap to clone, callable from any thread.
#[derive(Clone, Debug)]
pub struct History {
    commands: Sender<Command>,
    /// None if it could not be started.
    thread: Option<Thread>,
}

impl History {
    /// Starts the thread that opens `location` and begins a session. Returns at once; what goes wrong is logged.
    pub fn open(location: Location) -> Self {
        let (commands, receiver) = mpsc::channel();
        let thread = thread::Builder::new().name("history".into());
        let thread = thread
            .spawn(move || Writer::open(&location).run(&receiver))
            .inspect_err(|error| {
                // The receiver is gone: nothing is recorded, and queries are answered with nothing.
                tracing::warn!(%error, "no thread for the history, nothing will be remembered");
            });
        Self {
            commands,
            thread: thread.ok().map(|thread| thread.thread().clone()),
        }
    }

    /// Records `source_raw`, as it was typed, and `source`, the Python that it stands for, as cell number `line`. `exit`
    /// and `quit` are not worth remembering.
    pub fn record(&self, line: i64, source: &str, source_raw: &str) {
        let source_raw = source_raw.trim_end_matches('\n');
        if !is_exit(source_raw) {
            self.send(Command::Input {
                line,
                source: source.trim_end_matches('\n').to_owned(),
                source_raw: source_raw.to_owned(),
            });
        }
    }

    /// Where this session stands, when all that was recorded is written. Blocks for as long as the disk takes.
    pub fn session(&self) -> Option<Session> {
        let (reply_tx, reply_rx) = mpsc::sync_channel(1);
        self.ask(Command::Session { reply: reply_tx });
        reply_rx.recv().ok()
    }

    /// Records the text of the result of cell number `line`.
    pub fn record_output(&self, line: i64, text: &str) {
        if text.len() <= LONGEST_OUTPUT {
            self.send(Command::Output {
                line,
                text: text.to_owned(),
            });
        }
    }

    /// Answers `request`, after all that was recorded before. Blocks for as long as the disk takes.
    pub fn query(&self, request: &HistoryRequest) -> HistoryReply {
        let (reply_tx, reply_rx) = mpsc::sync_channel(1);
        let reply = Box::new(move |reply| drop(reply_tx.send(reply)));
        self.ask(Command::Query {
            request: request.clone(),
            reply,
        });
        reply_rx.recv().unwrap_or_default()
    }

    /// As [`History::query`], without blocking the thread.
    pub async fn query_async(&self, request: &HistoryRequest) -> HistoryReply {
        let (reply_tx, reply_rx) = oneshot::channel();
        let reply = Box::new(move |reply| drop(reply_tx.send(reply)));
        self.ask(Command::Query {
            request: request.clone(),
            reply,
        });
        reply_rx.await.unwrap_or_default()
    }

    /// Writes what is left, ends the session and stops the thread; waits for that at most `limit`.
    pub fn end(&self, limit: Duration) {
        let (done_tx, done_rx) = mpsc::sync_channel(1);
        self.ask(Command::End { done: done_tx });
        if let Err(mpsc::RecvTimeoutError::Timeout) = done_rx.recv_timeout(limit) {
            tracing::warn!(?limit, "the history was not written in time");
        }
    }

    /// Sends what somebody waits for.
    fn ask(&self, command: Command) {
        self.send(command);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    fn send(&self, command: Command) {
        // The thread is gone after `end`, or if it could not be started, which was logged.
        drop(self.commands.send(command));
    }
}

/// `exit`, `quit` and calls of them, which IPython does not store either.
fn is_exit(code: &str) -> bool {
    let code = code.trim();
    ["exit", "quit"]
        .iter()
        .filter_map(|name| code.strip_prefix(name))
        .map(str::trim_start)
        .any(|rest| {
            rest.is_empty()
                || (rest.starts_with('(') && rest.ends_with(')') && !rest.contains('\n'))
        })
}

#[cfg(test)]
mod tests;
