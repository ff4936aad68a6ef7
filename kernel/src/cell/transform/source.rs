//! The lines of a cell while they are rewritten.

use std::borrow::Cow;

use super::lines::split_lines;

/// A place in the cell: a line, counted from 0, and a byte in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Physical lines with their ends. What ends in something else than a line feed is read as if one followed, and
/// Python's tokenizer refuses lines with a null character.
pub(super) struct Source<'a> {
    lines: Vec<Cow<'a, str>>,
    has_null: bool,
    /// As many of them as can be read.
    readable: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(code: &'a str) -> Self {
        let lines: Vec<Cow<'a, str>> = split_lines(code).map(Cow::Borrowed).collect();
        let mut source = Self {
            readable: lines.len(),
            has_null: code.contains('\0'),
            lines,
        };
        source.read_on(0);
        source
    }

    /// Looks for a null character from the line with this number on.
    fn read_on(&mut self, number: usize) {
        if self.has_null {
            let mut rest = self.lines[number..].iter();
            let readable = rest.position(|line| line.contains('\0'));
            self.readable = readable.map_or(self.lines.len(), |readable| number + readable);
        }
    }

    pub(super) fn line(&self, line: usize) -> &str {
        &self.lines[line]
    }

    /// Whether reading ends because of a null character.
    pub(super) fn is_cut_off(&self) -> bool {
        self.readable < self.lines.len()
    }

    /// The byte at `at`; `None` at the end.
    pub(super) fn peek(&self, at: Position) -> Option<u8> {
        if at.line >= self.readable {
            return None;
        }
        let line = self.lines[at.line].as_bytes();
        Some(line.get(at.column).copied().unwrap_or(b'\n'))
    }

    /// The byte at `at`, which moves on.
    pub(super) fn take(&self, at: &mut Position) -> Option<u8> {
        let byte = self.peek(*at)?;
        if byte == b'\n' {
            *at = Position {
                line: at.line + 1,
                column: 0,
            };
        } else {
            at.column += 1;
        }
        Some(byte)
    }

    /// The rest of the line from `at` on.
    pub(super) fn rest(&self, at: Position) -> &[u8] {
        let line = self.lines[at.line].as_bytes();
        line.get(at.column..).unwrap_or_default()
    }

    /// The last physical line of one that backslashes continue.
    pub(super) fn end_of_continued(&self, line: usize) -> usize {
        (line..self.lines.len() - 1)
            .find(|&line| !self.lines[line].ends_with("\\\n"))
            .unwrap_or(self.lines.len() - 1)
    }

    /// Puts `line` in the place of the line with this number.
    pub(super) fn replace(&mut self, number: usize, line: String) {
        self.lines[number] = Cow::Owned(line);
        if number >= self.readable {
            self.read_on(number);
        }
    }

    pub(super) fn lines(&self) -> &[Cow<'a, str>] {
        &self.lines
    }
}
