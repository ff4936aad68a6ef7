//! The thread that owns the store: joins what is recorded into few transactions, falls back to memory and returns.

use std::fmt;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use everloop_protocol::content::history::{HistoryEntry, HistoryReply, HistoryRequest};

use super::store::{Entry, Store, StoreError};
use super::{Location, Session};

/// What the thread is asked to do, in the order of the channel.
pub(super) enum Command {
    Input {
        line: i64,
        source: String,
        source_raw: String,
    },
    Output {
        line: i64,
        text: String,
    },
    Query {
        request: HistoryRequest,
        reply: Box<dyn FnOnce(HistoryReply) + Send>,
    },
    Session {
        reply: SyncSender<Session>,
    },
    End {
        done: SyncSender<()>,
    },
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input { .. } => "Input",
            Self::Output { .. } => "Output",
            Self::Query { .. } => "Query",
            Self::Session { .. } => "Session",
            Self::End { .. } => "End",
        })
    }
}

/// How long after a failure the file is tried again.
const AGAIN: Duration = Duration::from_secs(10);
/// The least time from one writing to the next, unless somebody waits: a transaction takes longer than a short cell.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Writer {
    store: Store,
    /// Recorded and not written yet.
    pending: Vec<Entry>,
    /// When something was written last.
    written: Option<Instant>,
    /// While memory stands in for the file.
    failed: Option<FailedFile>,
}

/// A file that could not be written: its disk may have space again, whoever locks it may end.
struct FailedFile {
    store: Store,
    /// What it does not have.
    missing: Vec<Entry>,
    tried: Instant,
}

impl Writer {
    pub(super) fn open(location: &Location) -> Self {
        let store = match location {
            Location::Memory => Store::in_memory(),
            Location::File(path) => Store::open(path).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the history is kept in memory");
                Store::in_memory()
            }),
        };
        Self {
            store,
            pending: Vec::new(),
            written: None,
            failed: None,
        }
    }

    /// Serves until [`Command::End`], or until every handle is dropped.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let done = loop {
            let Some(command) = self.next(commands) else {
                break None;
            };
            match command {
                Command::Input {
                    line,
                    source,
                    source_raw,
                } => self.pending.push(Entry::Input {
                    line,
                    source,
                    source_raw,
                }),
                Command::Session { reply } => {
                    self.flush();
                    // Whoever asked may have gone.
                    let _ = reply.send(self.store.session());
                }
                Command::Output { line, text } => self.pending.push(Entry::Output { line, text }),
                Command::Query { request, reply } => reply(HistoryReply {
                    history: self.query(&request),
                }),
                Command::End { done } => break Some(done),
            }
        };
        self.flush();
        self.return_to_file();
        if let Err(error) = self.store.end_session() {
            tracing::debug!(%error, "the end of the session is not in the history");
        }
        // Released before anyone is told that all is done.
        drop(self);
        if let Some(done) = done {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    /// The next command; None when every handle is dropped. What is pending is written while there is none, and it is
    /// time for that.
    fn next(&mut self, commands: &Receiver<Command>) -> Option<Command> {
        loop {
            match commands.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if self.pending.is_empty() {
                return commands.recv().ok();
            }
            let since = self.written.map(|written| written.elapsed());
            let pause = since.map_or(Duration::ZERO, |since| PAUSE.saturating_sub(since));
            if pause.is_zero() {
                self.flush();
            } else {
                // Not in the channel, where whoever records would have to wake this thread. Who asks does.
                thread::park_timeout(pause);
            }
        }
    }

    fn query(&mut self, request: &HistoryRequest) -> Vec<HistoryEntry> {
        self.flush();
        let mut result = self.store.query(request);
        if let Err(error) = &result
            && error.is_of_the_file()
        {
            self.fall_back(error);
            result = self.store.query(request);
        }
        result.unwrap_or_else(|error| {
            tracing::warn!(%error, "the history cannot answer");
            Vec::new()
        })
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.written = Some(Instant::now());
        if let Err(error) = self.store.write(&self.pending) {
            self.fall_back(&error);
            if let Err(error) = self.store.write(&self.pending) {
                tracing::error!(%error, "the history in memory cannot be written");
            }
        }
        let Some(failed) = &mut self.failed else {
            self.pending.clear();
            return;
        };
        failed.missing.append(&mut self.pending);
        if failed.tried.elapsed() > AGAIN {
            self.return_to_file();
        }
    }

    /// Goes on in memory, with what can still be read of this session.
    fn fall_back(&mut self, error: &StoreError) {
        tracing::warn!(%error, "the history is kept in memory until its file can be written");
        let memory = self.store.session_in_memory();
        let store = mem::replace(&mut self.store, memory);
        if self.failed.is_none() {
            self.failed = Some(FailedFile {
                store,
                missing: Vec::new(),
                tried: Instant::now(),
            });
        }
    }

    /// Writes what the file misses, if it can be written again.
    fn return_to_file(&mut self) {
        let Some(mut failed) = self.failed.take() else {
            return;
        };
        match failed.store.write_at_once(&failed.missing) {
            Ok(()) => {
                tracing::info!("the history is in its file again");
                self.store = failed.store;
            }
            Err(error) => {
                tracing::debug!(%error, "the history stays in memory");
                failed.tried = Instant::now();
                self.failed = Some(failed);
            }
        }
    }
}
