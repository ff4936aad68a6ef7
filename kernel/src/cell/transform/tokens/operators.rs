//! Operators and brackets. Every printable character that begins nothing else counts as an operator.

use super::{Lexer, MOST_BRACKETS, Stop, Token, operator};
use crate::cell::transform::source::Source;

impl Lexer {
    pub(super) fn operator(&mut self, source: &Source, first: u8) -> Result<Token, Stop> {
        let start = self.at;
        let field = self.interpolated.last_mut();
        if let (b':', Some(field)) = (first, field.filter(|field| field.is_format_next())) {
            field.begin_format();
            self.at.column += 1;
            return Ok(operator(start, first));
        }
        let length = length(source.rest(start));
        self.at.column += length;
        if length == 1 {
            self.bracket(first)?;
            if first < b' ' || first == b'\x7f' {
                return Err(Stop::Error);
            }
        }
        Ok(operator(start, if length == 1 { first } else { 0 }))
    }

    /// Keeps track of the brackets. Which of them belong together does not matter.
    fn bracket(&mut self, character: u8) -> Result<(), Stop> {
        match character {
            b'(' | b'[' | b'{' => {
                if self.level >= MOST_BRACKETS {
                    return Err(Stop::Silent);
                }
                self.level += 1;
                if let Some(string) = self.interpolated.last_mut() {
                    string.open_bracket();
                }
            }
            b')' | b']' | b'}' => {
                self.level = self.level.saturating_sub(1);
                if let Some(string) = self.interpolated.last_mut() {
                    string.close_bracket(character)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// How many characters the operator has.
fn length(rest: &[u8]) -> usize {
    match *rest {
        [first @ (b'*' | b'/' | b'<' | b'>'), second, b'=', ..] if first == second => 3,
        [first @ (b'*' | b'/' | b'<' | b'>'), second, ..] if first == second => 2,
        [first, b'=', ..] if b"!%&*+-/:<=>@^|".contains(&first) => 2,
        [b'<' | b'-', b'>', ..] => 2,
        _ => 1,
    }
}
