//! Finds IPython's syntax by its tokens, one logical line after the other, and writes the Python it stands for.
//!
//! IPython looks for the first piece of its syntax, rewrites it, and tokenizes the whole cell again, until it finds
//! none. Here the tokenizer goes on from where something was rewritten: what is before does not change by it. Where a
//! logical line contains several pieces, the order is IPython's: help at its end, an escape character at its beginning,
//! an assignment. As there, the first line for which help cannot be written is where no more help is looked for, and
//! so it is for escape characters.
//!
//! Differences on purpose:
//!
//! - IPython gives up after 500 pieces; here a cell can have any number, and what is given up is a line that always turns
//!   into another piece.
//! - IPython reads what follows a command as if the command were Python, so that a quote in `!echo '''` can make it refuse
//!   the indentation of the lines below. Here they are read once the command is rewritten.
//! - IPython raises an IndexError if a cell ends in `x = %` and a string that is open, which is left alone here.

use super::assignments::{self, Assignment};
use super::source::{Position, Source};
use super::tokens::{Kind, Lexer, Stop, Token};
use super::{TransformError, escapes, help};

/// As often as IPython rewrites a cell, one logical line can be rewritten here.
const MOST_REWRITES: usize = 500;
/// Bytes that can be read ahead of lines that end up rewritten: more is needed only if the brackets of many commands stay
/// open for many lines. To this comes [`PER_BYTE`].
const LOOKAHEAD: usize = 1 << 16;
/// Bytes that can be read again since they were rewritten: more is needed only by autocalls of autocalls of autocalls,
/// which grow with every step. To this comes [`PER_BYTE`].
const READ_AGAIN: usize = 1 << 22;
/// For each byte of the cell.
const PER_BYTE: usize = 8;

/// Rewrites `code`; `None` if it contains nothing to rewrite.
pub(super) fn rewrite(code: &str) -> Result<Option<String>, TransformError> {
    let mut rewriter = Rewriter::new(code);
    while rewriter.logical_line()? {}
    Ok(rewriter.finish())
}

struct Rewriter<'a> {
    source: Source<'a>,
    lexer: Lexer,
    /// The lines that need no more attention.
    rewritten: String,
    /// How many lines of the source they were made from.
    taken: usize,
    has_changed: bool,
    may_need_help: bool,
    may_be_escaped: bool,
    /// What is left of the bytes to read ahead, and of those to read again.
    lookahead: usize,
    read_again: usize,
}

/// What the tokens of a logical line have shown so far.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// How many tokens, up to 3.
    count: usize,
    before_last: Option<Token>,
    last: Option<Token>,
    /// The first that tells of no block.
    first: Option<Token>,
    assignment: Assignment,
}

impl Seen {
    /// Where an assignment takes the output of a command, once `token` shows it.
    fn see(&mut self, token: Token, source: &Source) -> Option<Position> {
        self.count = (self.count + 1).min(3);
        self.before_last = self.last.replace(token);
        if token.kind == Kind::Indentation {
            return None;
        }
        self.first.get_or_insert(token);
        self.assignment.see(token, source)
    }

    fn begins_with(&self, token: Token) -> bool {
        self.first.is_some_and(|first| first.start == token.start)
    }

    /// Where the `?` is that asks for help, if these are all tokens of the logical line.
    fn question(&self) -> Option<Position> {
        let token = self.before_last?;
        (self.count > 2 && token.character == b'?').then_some(token.start)
    }
}

/// What was done about a piece of syntax.
enum Outcome {
    /// Nothing; the line goes on.
    Kept,
    /// The logical line now reads otherwise from this place on.
    Rewritten(Position),
    /// The logical line is now Python, and the next one begins.
    Finished,
}

impl<'a> Rewriter<'a> {
    fn new(code: &'a str) -> Self {
        Self {
            source: Source::new(code),
            lexer: Lexer::new(),
            rewritten: String::new(),
            taken: 0,
            has_changed: false,
            may_need_help: code.contains('?'),
            may_be_escaped: true,
            lookahead: LOOKAHEAD + PER_BYTE * code.len(),
            read_again: READ_AGAIN + PER_BYTE * code.len(),
        }
    }

    /// Rewrites one logical line; whether there may be another.
    fn logical_line(&mut self) -> Result<bool, TransformError> {
        let open_strings = self.lexer.open_strings();
        let mut blocks = Seen::default();
        let mut seen = Seen::default();
        let mut rewrites = 0;
        loop {
            let token = self.token()?;
            let outcome = match token {
                Some(token) if token.kind == Kind::Indentation => {
                    blocks.see(token, &self.source);
                    seen = blocks;
                    continue;
                }
                Some(token) => self.see(token, &mut seen),
                None => Outcome::Kept,
            };
            let has_ended = token.is_none_or(|token| self.lexer.ends_line(token.kind));
            let outcome = match outcome {
                Outcome::Kept if has_ended => self.help_at_end(&seen),
                outcome => outcome,
            };
            match outcome {
                Outcome::Finished => return Ok(true),
                Outcome::Rewritten(at) => {
                    rewrites += 1;
                    if rewrites == MOST_REWRITES {
                        return Err(TransformError::StillChanging);
                    }
                    let length = self.source.line(at.line).len();
                    let read_again = self.read_again.checked_sub(length);
                    self.read_again = read_again.ok_or(TransformError::StillChanging)?;
                    seen = blocks;
                    self.lexer.restart(at, open_strings.clone());
                }
                Outcome::Kept if has_ended => {
                    return Ok(token.is_some_and(|token| token.kind != Kind::End));
                }
                Outcome::Kept => {}
            }
        }
    }

    /// The next token; `None` if there is none because of an error.
    fn token(&mut self) -> Result<Option<Token>, TransformError> {
        match self.lexer.next(&self.source) {
            Ok(token) => Ok(Some(token)),
            Err(Stop::Indentation(error)) => Err(TransformError::Indentation(error)),
            Err(Stop::Error | Stop::Silent) => Ok(None),
        }
    }

    fn see(&mut self, token: Token, seen: &mut Seen) -> Outcome {
        let assigned = seen.see(token, &self.source);
        let is_escape =
            self.may_be_escaped && seen.begins_with(token) && escapes::is_escape(token.character);
        if !is_escape && assigned.is_none() {
            return Outcome::Kept;
        }
        if let Outcome::Rewritten(at) = self.help_ahead(*seen) {
            return Outcome::Rewritten(at);
        }
        match assigned {
            Some(escape) => self.assignment(escape),
            None => self.escape(token.start),
        }
    }

    fn escape(&mut self, start: Position) -> Outcome {
        let end = self.source.end_of_continued(start.line);
        let line = escapes::assembled(&self.source, start, end);
        let Some(call) = escapes::call(&line) else {
            self.may_be_escaped = false;
            return Outcome::Kept;
        };
        let at = self.splice(start, end, &call.code);
        if call.is_final {
            self.lexer.start_line(end + 1);
            Outcome::Finished
        } else {
            Outcome::Rewritten(at)
        }
    }

    /// Rewrites from the escape character on. What is before it stays, and so does what its tokens have shown.
    fn assignment(&mut self, escape: Position) -> Outcome {
        let end = self.source.end_of_continued(escape.line);
        let text = escapes::assembled(&self.source, escape, end);
        let call = assignments::call(&text);
        self.lexer.at = self.splice(escape, end, &call);
        Outcome::Kept
    }

    /// Rewrites a logical line that asks for help, before another piece of syntax in it is.
    fn help_ahead(&mut self, mut seen: Seen) -> Outcome {
        if !self.may_need_help {
            return Outcome::Kept;
        }
        let mut lexer = self.lexer.clone();
        loop {
            let line = lexer.at.line;
            let token = lexer.next(&self.source).ok();
            if let Some(token) = token {
                seen.see(token, &self.source);
            }
            if token.is_none_or(|token| lexer.ends_line(token.kind)) {
                return self.help(&seen).unwrap_or(Outcome::Kept);
            }
            let cost: usize = (line..lexer.at.line)
                .map(|line| self.source.line(line).len())
                .sum();
            if cost > self.lookahead {
                return Outcome::Kept;
            }
            self.lookahead -= cost;
        }
    }

    fn help_at_end(&mut self, seen: &Seen) -> Outcome {
        if !self.may_need_help {
            return Outcome::Kept;
        }
        self.help(seen).unwrap_or_else(|| {
            self.may_need_help = false;
            Outcome::Kept
        })
    }

    /// Rewrites a logical line of which these are all tokens. `None` if it asks for help, but one cannot say on what.
    fn help(&mut self, seen: &Seen) -> Option<Outcome> {
        let (Some(first), Some(question)) = (seen.first, seen.question()) else {
            return Some(Outcome::Kept);
        };
        let line = self.source.line(question.line);
        let start = first.start;
        let text = if start.line == question.line {
            &line[start.column..]
        } else {
            line
        };
        // An assignment was rewritten on a line between the two, but brackets go on after it.
        if start.line < self.taken {
            return None;
        }
        let call = help::at_end(text)?;
        Some(Outcome::Rewritten(self.splice(start, question.line, &call)))
    }

    /// Puts `code` in the place of all that stands from `start` to the end of the line `end`. Where it stands then.
    fn splice(&mut self, start: Position, end: usize, code: &str) -> Position {
        self.take_until(start.line);
        let before = &self.source.line(start.line)[..start.column];
        let line = [before, code, "\n"].concat();
        self.source.replace(end, line);
        self.taken = end;
        self.has_changed = true;
        Position {
            line: end,
            column: start.column,
        }
    }

    fn take_until(&mut self, line: usize) {
        let lines = &self.source.lines()[self.taken..line];
        self.rewritten.extend(lines.iter().map(AsRef::as_ref));
        self.taken = line;
    }

    fn finish(mut self) -> Option<String> {
        self.take_until(self.source.lines().len());
        self.has_changed.then_some(self.rewritten)
    }
}
