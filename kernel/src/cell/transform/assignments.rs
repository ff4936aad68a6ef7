//! `x = %magic` and `x = !command`.

use super::escapes::magic;
use super::source::{Position, Source};
use super::tokens::{Kind, Token};
use super::{calls, lines};

/// Looks at the tokens of a logical line for its first `=` outside of brackets, and at what follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Assignment {
    state: State,
    brackets: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    BeforeEquals,
    AfterEquals(Position),
    AfterPercent(Position),
    Done,
}

impl Assignment {
    /// Where the escape character stands, once `token` shows that there is one.
    pub(super) fn see(&mut self, token: Token, source: &Source) -> Option<Position> {
        let state = std::mem::replace(&mut self.state, State::Done);
        match state {
            State::BeforeEquals => self.state = self.search(token),
            State::AfterEquals(_) if token.character == b'%' => {
                self.state = State::AfterPercent(token.start);
            }
            State::AfterEquals(equals)
                if token.character == b'!'
                    && token.kind == Kind::Operator
                    && !begins_line(equals, source) =>
            {
                return Some(token.start);
            }
            State::AfterPercent(percent) if token.kind == Kind::Name => return Some(percent),
            State::AfterEquals(_) | State::AfterPercent(_) | State::Done => {}
        }
        None
    }

    fn search(&mut self, token: Token) -> State {
        match token.character {
            b'=' if self.brackets == 0 => return State::AfterEquals(token.start),
            b'(' | b'[' | b'{' => self.brackets += 1,
            b')' | b']' | b'}' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        State::BeforeEquals
    }
}

/// Whether nothing stands before the `=` on its physical line, or the line begins with another.
fn begins_line(equals: Position, source: &Source) -> bool {
    source
        .line(equals.line)
        .trim_start_matches(lines::is_space)
        .starts_with('=')
}

/// What the text from the escape character on stands for.
pub(super) fn call(text: &str) -> String {
    match text.strip_prefix('!') {
        Some(command) => calls::getoutput(command),
        None => {
            let (name, arguments) = magic(text.strip_prefix('%').unwrap_or(text));
            calls::run_line_magic(name, arguments)
        }
    }
}
