//! The SQLite side: IPython's schema and the queries of its `HistoryManager` (`IPython/core/history.py`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use everloop_protocol::content::history::{
    HistoryAccess, HistoryEntry, HistoryRequest, HistoryText,
};
use jiff::Zoned;
use rusqlite::{Connection, ErrorCode, Row, ToSql, params};
use thiserror::Error;

use super::Session;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS sessions (session integer primary key autoincrement, start timestamp,
        end timestamp, num_cmds integer, remark text);
    CREATE TABLE IF NOT EXISTS history (session integer, line integer, source text, source_raw text,
        PRIMARY KEY (session, line));
    CREATE TABLE IF NOT EXISTS output_history (session integer, line integer, output text,
        PRIMARY KEY (session, line));
";

/// How long another process may hold the file before this one gives up on it.
const BUSY_LIMIT: Duration = Duration::from_secs(2);

/// What a `tail` returns that does not say how much.
const DEFAULT_TAIL: u64 = 10;

/// Why the history could not be read or written.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    #[error("no directory for the history: {source}")]
    Directory { source: io::Error },
    #[error("the history file fails: {source}")]
    Sqlite {
        #[from]
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Whether it is the file that fails, rather than the question (SQLite refuses very long patterns).
    pub(super) fn is_of_the_file(&self) -> bool {
        match self {
            Self::Directory { .. } => true,
            Self::Sqlite { source } => {
                !matches!(source.sqlite_error_code(), None | Some(ErrorCode::Unknown))
            }
        }
    }
}

/// One thing to remember.
pub(super) enum Entry {
    Input {
        line: i64,
        source: String,
        source_raw: String,
    },
    Output {
        line: i64,
        text: String,
    },
}

pub(super) struct Store {
    connection: Connection,
    session: i64,
}

impl Store {
    /// Opens or makes the file and begins a session in it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent() {
            make_private(directory).map_err(|source| StoreError::Directory { source })?;
        }
        make_private_file(path);
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        Ok(Self::begin(connection)?)
    }

    /// A history that nothing can fail but memory itself.
    pub(super) fn in_memory() -> Self {
        Connection::open_in_memory()
            .and_then(Self::begin)
            .expect("SQLite can work in memory")
    }

    /// A copy in memory of this session, as far as it can still be read.
    pub(super) fn session_in_memory(&self) -> Self {
        let mut copy = Self::in_memory();
        if let Err(error) = copy.take_session_of(self) {
            tracing::debug!(%error, "the history so far is lost to this session");
        }
        copy
    }

    fn begin(connection: Connection) -> rusqlite::Result<Self> {
        connection.execute_batch(SCHEMA)?;
        let session = begin_session(&connection)?;
        Ok(Self {
            connection,
            session,
        })
    }

    fn take_session_of(&mut self, other: &Self) -> Result<(), StoreError> {
        let renumber = "UPDATE sessions SET session = ? WHERE session = ?";
        self.connection
            .execute(renumber, [other.session, self.session])?;
        self.session = other.session;
        let request = HistoryRequest {
            output: true,
            raw: true,
            access: HistoryAccess::Range {
                session: 0,
                start: 0,
                stop: None,
            },
        };
        let mut entries = Vec::new();
        for HistoryEntry(_, line, text) in other.query(&request)? {
            if let HistoryText::WithOutput(code, output) = text {
                entries.push(Entry::Input {
                    line,
                    source: code.clone(),
                    source_raw: code,
                });
                entries.extend(output.map(|text| Entry::Output { line, text }));
            }
        }
        self.write(&entries)
    }

    pub(super) fn session(&self) -> Session {
        Session {
            number: self.session,
            // SQLite says "" for a database in memory.
            file: self
                .connection
                .path()
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        }
    }

    /// Writes all of `entries` or none. A line that the session already has (the counter was set back) begins a new session.
    pub(super) fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut session = self.session;
        let transaction = self.connection.transaction()?;
        for entry in entries {
            match insert(&transaction, session, entry) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    session = begin_session(&transaction)?;
                    insert(&transaction, session, entry)?;
                }
                result => result?,
            }
        }
        transaction.commit()?;
        self.session = session;
        Ok(())
    }

    /// As [`Store::write`], for a file that nobody holds up.
    pub(super) fn write_at_once(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        self.connection.busy_timeout(Duration::ZERO)?;
        self.write(entries)?;
        self.connection.busy_timeout(BUSY_LIMIT)?;
        Ok(())
    }

    /// Notes when the session ended and how many cells it had.
    pub(super) fn end_session(&self) -> Result<(), StoreError> {
        let end = "UPDATE sessions SET end = ?1, num_cmds = (SELECT count(*) FROM history WHERE session = ?2)
            WHERE session = ?2";
        self.connection
            .execute(end, params![timestamp(), self.session])?;
        Ok(())
    }

    /// The entries that `request` asks for, the oldest first.
    pub(super) fn query(&self, request: &HistoryRequest) -> Result<Vec<HistoryEntry>, StoreError> {
        let select = Select {
            connection: &self.connection,
            raw: request.raw,
            output: request.output,
        };
        let entries = match &request.access {
            HistoryAccess::Tail { n } => self.tail(&select, n.unwrap_or(DEFAULT_TAIL)),
            HistoryAccess::Range {
                session,
                start,
                stop,
            } => self.range(&select, *session, *start, *stop),
            HistoryAccess::Search { pattern, n, unique } => search(&select, pattern, *n, *unique),
        };
        Ok(entries?)
    }

    /// The last `n`, this session's after those of all others, whenever these were run.
    fn tail(&self, select: &Select<'_>, n: u64) -> rusqlite::Result<Vec<HistoryEntry>> {
        let order = "ORDER BY session = ? DESC, session DESC, line DESC LIMIT ?";
        let mut entries = select.entries("", order, &[&self.session, &limit(n)])?;
        entries.reverse();
        Ok(entries)
    }

    /// Lines `start..stop` of a session. In the current one negative lines count from its end; the rows call it 0, unless
    /// it was asked for by its number.
    fn range(
        &self,
        select: &Select<'_>,
        session: i64,
        start: i64,
        stop: Option<i64>,
    ) -> rusqlite::Result<Vec<HistoryEntry>> {
        let (session, by_number) = if session <= 0 {
            (session.saturating_add(self.session), false)
        } else {
            (session, true)
        };
        let current = session == self.session;
        let (start, stop) = if current {
            self.count_from_end(start, stop)?
        } else {
            (start, stop)
        };
        let stop = stop.filter(|stop| *stop != 0).unwrap_or(i64::MAX);
        let rows = "WHERE session = ? AND line >= ? AND line < ? ORDER BY line";
        let mut entries = select.entries("", rows, &[&session, &start, &stop])?;
        if current && !by_number {
            for entry in &mut entries {
                entry.0 = 0;
            }
        }
        Ok(entries)
    }

    fn count_from_end(
        &self,
        start: i64,
        stop: Option<i64>,
    ) -> rusqlite::Result<(i64, Option<i64>)> {
        let last = "SELECT coalesce(max(line), 0) FROM history WHERE session = ?";
        let end = 1 + self
            .connection
            .query_row(last, [self.session], |row| row.get::<_, i64>(0))?;
        let from_end = |line: i64| {
            if line < 0 {
                line.saturating_add(end)
            } else {
                line
            }
        };
        Ok((from_end(start), stop.map(from_end)))
    }
}

fn begin_session(connection: &Connection) -> rusqlite::Result<i64> {
    let begin = "INSERT INTO sessions VALUES (NULL, ?, NULL, NULL, '')";
    connection.execute(begin, [timestamp()])?;
    Ok(connection.last_insert_rowid())
}

fn insert(connection: &Connection, session: i64, entry: &Entry) -> rusqlite::Result<()> {
    match entry {
        Entry::Input {
            line,
            source,
            source_raw,
        } => connection
            .prepare_cached("INSERT INTO history VALUES (?, ?, ?, ?)")?
            .execute(params![session, line, source, source_raw])?,
        Entry::Output { line, text } => connection
            .prepare_cached("INSERT OR REPLACE INTO output_history VALUES (?, ?, ?)")?
            .execute(params![session, line, text])?,
    };
    Ok(())
}

/// Those whose typed code matches, each text once and as it was run last if `unique`.
fn search(
    select: &Select<'_>,
    pattern: &str,
    n: Option<u64>,
    unique: bool,
) -> rusqlite::Result<Vec<HistoryEntry>> {
    // Of each group SQLite shows the row that has the maximum.
    let (latest, group) = if unique {
        (", max(session * 128 * 1024 + line)", "GROUP BY source_raw")
    } else {
        ("", "")
    };
    let rows = format!("WHERE source_raw GLOB ? {group} ORDER BY session DESC, line DESC LIMIT ?");
    let mut entries = select.entries(latest, &rows, &[&pattern, &n.map_or(-1, limit)])?;
    entries.reverse();
    Ok(entries)
}

/// SQLite counts with a sign, and takes a negative limit for none.
fn limit(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What of an entry is wanted.
struct Select<'a> {
    connection: &'a Connection,
    raw: bool,
    output: bool,
}

impl Select<'_> {
    fn entries(
        &self,
        column: &str,
        rows: &str,
        parameters: &[&dyn ToSql],
    ) -> rusqlite::Result<Vec<HistoryEntry>> {
        let source = if self.raw { "source_raw" } else { "source" };
        let (output, join) = if self.output {
            ("output", "LEFT JOIN output_history USING (session, line)")
        } else {
            ("NULL", "")
        };
        let sql =
            format!("SELECT session, line, {source}, {output}{column} FROM history {join} {rows}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement
            .query_map(parameters, |row| self.entry(row))?
            .collect()
    }

    fn entry(&self, row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
        let input = row.get::<_, Option<String>>(2)?.unwrap_or_default();
        let text = if self.output {
            HistoryText::WithOutput(input, row.get(3)?)
        } else {
            HistoryText::Input(input)
        };
        Ok(HistoryEntry(row.get(0)?, row.get(1)?, text))
    }
}

/// As IPython writes it: local time, without a zone.
fn timestamp() -> String {
    Zoned::now().strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Makes the directory for its owner alone: people type secrets.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes the file for its owner alone, if it is not there; SQLite says what is wrong if that cannot be done.
fn make_private_file(path: &Path) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}
