//! A tokenizer that sees a cell as Python's `tokenize` does: also one that is not Python, and up to the same error.
//!
//! It finds what IPython's syntax depends on, which are the kinds of tokens, where they begin, and the text of those
//! that have one character. [`Lexer`] is the state; a copy of it can look ahead.

mod indentation;
mod interpolated;
mod numbers;
mod operators;
mod strings;

use super::source::{Position, Source};
use indentation::Indentation;
pub use indentation::IndentationError;
use interpolated::Interpolated;

/// Most brackets that Python's tokenizer lets be open.
const MOST_BRACKETS: u32 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The beginning or the end of a block.
    Indentation,
    Name,
    Operator,
    /// Text between the replacement fields of an f-string.
    Text,
    Other,
    /// The end of a logical line.
    Newline,
    /// The end of a physical line, within brackets or without code.
    LineBreak,
    /// The end of the cell, or an error at which the tokenizer says that it stops.
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: Position,
    /// The only character of an operator or of an f-string's text; 0 if it is longer.
    pub(super) character: u8,
}

/// Why there are no more tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// An error after which IPython sees one last token.
    Error,
    /// An error after which it sees none, or the end was reached before.
    Silent,
    Indentation(IndentationError),
}

/// f-strings that are open, outermost first. At the beginning of a logical line that takes brackets that do not match.
pub(super) type OpenStrings = Vec<Interpolated>;

/// The state between two tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Lexer {
    pub(super) at: Position,
    at_line_start: bool,
    after_comment_line: bool,
    /// How many brackets are open.
    level: u32,
    indentation: Indentation,
    interpolated: OpenStrings,
    has_ended: bool,
}

impl Lexer {
    pub(super) fn new() -> Self {
        Self {
            at_line_start: true,
            ..Self::default()
        }
    }

    /// Whether a logical line ends with the token that was read last.
    pub(super) fn ends_line(&self, kind: Kind) -> bool {
        match kind {
            Kind::Newline | Kind::End => true,
            Kind::LineBreak => self.level == 0,
            _ => false,
        }
    }

    /// Goes on at the beginning of a physical line where a logical line begins.
    pub(super) fn start_line(&mut self, line: usize) {
        self.at = Position { line, column: 0 };
        self.at_line_start = true;
    }

    /// Reads the current logical line again from its first token of code on, which now stands at `at`.
    pub(super) fn restart(&mut self, at: Position, open_strings: OpenStrings) {
        self.at = at;
        self.at_line_start = false;
        self.after_comment_line = false;
        self.level = 0;
        self.interpolated = open_strings;
        self.has_ended = false;
    }

    pub(super) fn open_strings(&self) -> OpenStrings {
        self.interpolated.clone()
    }

    /// The next token. After the last, which is of [`Kind::End`] unless there was a silent error, there is none.
    pub(super) fn next(&mut self, source: &Source) -> Result<Token, Stop> {
        if self.has_ended {
            return Err(Stop::Silent);
        }
        let next = match self.interpolated.last() {
            Some(string) if !string.is_expression_next() => self.interpolated_token(source),
            _ => self.token(source),
        };
        let next = match next {
            Err(Stop::Error) => Ok(token(Kind::End, self.at)),
            next => next,
        };
        self.has_ended = !matches!(next, Ok(Token { kind, .. }) if kind != Kind::End);
        next
    }

    /// A token of code.
    fn token(&mut self, source: &Source) -> Result<Token, Stop> {
        let mut is_blank = false;
        if std::mem::take(&mut self.at_line_start) {
            is_blank = self.indent(source)?;
        }
        if self.indentation.take_pending() {
            return Ok(token(Kind::Indentation, self.at));
        }
        loop {
            self.skip_spaces(source);
            let start = self.at;
            let Some(first) = source.peek(start) else {
                return self.end(source);
            };
            return match first {
                b'#' => Ok(self.comment(source, is_blank)),
                b'\n' | b'\r' => Ok(self.line_break(source, is_blank)),
                b'\\' => {
                    self.continue_line(source)?;
                    continue;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(source),
                b'0'..=b'9' => self.number(source),
                b'.' => self.dot(source),
                b'"' | b'\'' => self.string(source, start),
                _ => self.operator(source, first),
            };
        }
    }

    fn skip_spaces(&mut self, source: &Source) {
        while matches!(source.peek(self.at), Some(b' ' | b'\t' | b'\x0c')) {
            self.at.column += 1;
        }
    }

    /// The end of the cell, which is an error within brackets.
    fn end(&mut self, source: &Source) -> Result<Token, Stop> {
        if source.is_cut_off() {
            Err(Stop::Silent)
        } else {
            Ok(token(Kind::End, self.at))
        }
    }

    fn comment(&mut self, source: &Source, is_blank: bool) -> Token {
        let start = self.at;
        let rest = source.rest(start);
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        self.at.column += length;
        self.after_comment_line = is_blank;
        token(Kind::Other, start)
    }

    fn line_break(&mut self, source: &Source, is_blank: bool) -> Token {
        let start = self.at;
        while source.take(&mut self.at) == Some(b'\r') {}
        self.at_line_start = true;
        let follows_comment = std::mem::take(&mut self.after_comment_line);
        let kind = if is_blank || follows_comment || self.level > 0 {
            Kind::LineBreak
        } else {
            Kind::Newline
        };
        token(kind, start)
    }

    /// Goes from a backslash to the next line.
    fn continue_line(&mut self, source: &Source) -> Result<(), Stop> {
        self.at.column += 1;
        let mut after = self.at;
        let mut next = source.take(&mut after);
        if next == Some(b'\r') {
            next = source.take(&mut after);
        }
        if next != Some(b'\n') {
            return Err(Stop::Error);
        }
        if source.peek(after).is_none() {
            return self.end(source).map(drop).and(Err(Stop::Error));
        }
        self.at = after;
        Ok(())
    }
}

fn token(kind: Kind, start: Position) -> Token {
    Token {
        kind,
        start,
        character: 0,
    }
}

fn operator(start: Position, character: u8) -> Token {
    Token {
        kind: Kind::Operator,
        start,
        character,
    }
}
