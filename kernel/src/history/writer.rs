//! The thread that owns the store: joins what is recorded into few transactions and falls back to memory.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

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

pub(super) struct Writer {
    store: Store,
    /// Recorded and not written yet.
    pending: Vec<Entry>,
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
        }
    }

    /// Serves until [`Command::End`], or until every handle is dropped.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let done = loop {
            let command = match commands.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Disconnected) => break None,
                Err(TryRecvError::Empty) => {
                    // Nobody waits: a good time to write.
                    self.flush();
                    match commands.recv() {
                        Ok(command) => command,
                        Err(_) => break None,
                    }
                }
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
        if let Err(error) = self.store.write(&self.pending) {
            self.fall_back(&error);
            if let Err(error) = self.store.write(&self.pending) {
                tracing::error!(%error, "the history in memory cannot be written");
            }
        }
        self.pending.clear();
    }

    /// Goes on in memory, with what can still be read of this session.
    fn fall_back(&mut self, error: &StoreError) {
        tracing::warn!(%error, "the history is kept in memory from now on");
        self.store = self.store.session_in_memory();
    }
}
