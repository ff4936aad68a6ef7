//! Blocks begin and end by the white space at the beginning of lines.

use thiserror::Error;

use super::{Lexer, Stop};
use crate::cell::transform::lines::without_line_feed;
use crate::cell::transform::source::{Position, Source};

/// Deepest nesting of blocks that Python's tokenizer allows.
const MOST_BLOCKS: usize = 99;
const TAB: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum IndentationProblem {
    #[error("unindent does not match any outer indentation level")]
    Unindent,
    #[error("inconsistent use of tabs and spaces in indentation")]
    Tabs,
    #[error("too many levels of indentation")]
    TooDeep,
}

/// An error of indentation as Python's `tokenize` raises it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct IndentationError {
    pub(super) problem: IndentationProblem,
    /// Counted from 1.
    pub line: usize,
    /// The line, without its end.
    pub text: String,
}

impl IndentationError {
    /// Whether the error is a `TabError`.
    pub fn is_about_tabs(&self) -> bool {
        self.problem == IndentationProblem::Tabs
    }
}

/// Columns of a block: the second counts a tab as one, so that what depends on the width of tabs can be refused.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    wide: u32,
    narrow: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Indentation {
    /// The blocks that are open, outermost first; the module is none.
    blocks: Vec<Columns>,
    /// Tokens that tell of a block which begins, or of blocks that end.
    pending: usize,
}

impl Indentation {
    pub(super) fn take_pending(&mut self) -> bool {
        let is_pending = self.pending > 0;
        self.pending -= usize::from(is_pending);
        is_pending
    }

    fn innermost(&self) -> Columns {
        self.blocks.last().copied().unwrap_or_default()
    }

    /// Enters and leaves blocks, for a line that begins at `columns`.
    fn reach(&mut self, columns: Columns) -> Result<(), IndentationProblem> {
        let current = self.innermost();
        if columns.wide > current.wide {
            if self.blocks.len() >= MOST_BLOCKS {
                return Err(IndentationProblem::TooDeep);
            }
            if columns.narrow <= current.narrow {
                return Err(IndentationProblem::Tabs);
            }
            self.blocks.push(columns);
            self.pending = 1;
            return Ok(());
        }
        while self.innermost().wide > columns.wide {
            self.blocks.pop();
            self.pending += 1;
        }
        let current = self.innermost();
        if columns.wide != current.wide {
            Err(IndentationProblem::Unindent)
        } else if columns.narrow != current.narrow {
            Err(IndentationProblem::Tabs)
        } else {
            Ok(())
        }
    }
}

impl Lexer {
    /// Reads the white space that begins a line; whether nothing but a comment follows it.
    pub(super) fn indent(&mut self, source: &Source) -> Result<bool, Stop> {
        let mut columns = Columns::default();
        // Where the first of several lines begins that backslashes join counts.
        let mut before_backslash = 0;
        loop {
            match source.peek(self.at) {
                Some(b' ') => {
                    columns.wide += 1;
                    columns.narrow += 1;
                }
                Some(b'\t') => {
                    columns.wide = (columns.wide / TAB + 1) * TAB;
                    columns.narrow += 1;
                }
                Some(b'\x0c') => columns = Columns::default(),
                Some(b'\\') => {
                    if before_backslash == 0 {
                        before_backslash = columns.wide;
                    }
                    self.continue_line(source)?;
                    continue;
                }
                Some(b'#' | b'\n' | b'\r') => return Ok(true),
                _ => break,
            }
            self.at.column += 1;
        }
        if before_backslash > 0 {
            columns = Columns {
                wide: before_backslash,
                narrow: before_backslash,
            };
        }
        if self.level == 0 {
            self.indentation
                .reach(columns)
                .map_err(|problem| Stop::Indentation(error(problem, self.at, source)))?;
        }
        Ok(false)
    }
}

fn error(problem: IndentationProblem, at: Position, source: &Source) -> IndentationError {
    IndentationError {
        problem,
        line: at.line + 1,
        text: without_line_feed(source.line(at.line)).to_owned(),
    }
}
