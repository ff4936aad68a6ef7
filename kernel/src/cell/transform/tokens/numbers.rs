//! Numbers. What follows one directly (`1if`) is a token of its own; a digit that does not belong there is an error.

use super::{Kind, Lexer, Stop, Token, operator, token};
use crate::cell::transform::source::Source;

impl Lexer {
    pub(super) fn number(&mut self, source: &Source) -> Result<Token, Stop> {
        let start = self.at;
        let mut digits = Digits {
            rest: source.rest(start),
        };
        match digits.rest {
            [b'0', b'x' | b'X', ..] => digits.after_prefix(u8::is_ascii_hexdigit)?,
            [b'0', b'o' | b'O', ..] => digits.after_prefix(|digit| matches!(digit, b'0'..=b'7'))?,
            [b'0', b'b' | b'B', ..] => digits.after_prefix(|digit| matches!(digit, b'0' | b'1'))?,
            _ => {
                digits.decimal()?;
                if digits.skip(b".") {
                    digits.fraction()?;
                }
                digits.exponent()?;
                digits.skip(b"jJ");
            }
        }
        self.at.column += source.rest(start).len() - digits.rest.len();
        Ok(token(Kind::Other, start))
    }

    /// A `.`, an ellipsis, or a number that begins with a point.
    pub(super) fn dot(&mut self, source: &Source) -> Result<Token, Stop> {
        let start = self.at;
        let rest = source.rest(start);
        match rest {
            [_, b'0'..=b'9', ..] => {
                let mut digits = Digits { rest: &rest[1..] };
                digits.fraction()?;
                digits.exponent()?;
                digits.skip(b"jJ");
                self.at.column += rest.len() - digits.rest.len();
                Ok(token(Kind::Other, start))
            }
            [_, b'.', b'.', ..] => {
                self.at.column += 3;
                Ok(operator(start, 0))
            }
            _ => {
                self.at.column += 1;
                Ok(operator(start, b'.'))
            }
        }
    }
}

/// What is left of a line while a number is read.
struct Digits<'a> {
    rest: &'a [u8],
}

impl Digits<'_> {
    fn skip(&mut self, any_of: &[u8]) -> bool {
        match self.rest {
            [first, rest @ ..] if any_of.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_while(&mut self, is_digit: impl Fn(&u8) -> bool) -> bool {
        let length = self.rest.iter().take_while(|byte| is_digit(byte)).count();
        self.rest = &self.rest[length..];
        length > 0
    }

    /// Digits of a base, each group but the first after a `_`.
    fn after_prefix(&mut self, is_digit: impl Fn(&u8) -> bool) -> Result<(), Stop> {
        self.rest = &self.rest[2..];
        self.skip(b"_");
        loop {
            if !self.skip_while(&is_digit) {
                return Err(Stop::Error);
            }
            if !self.skip(b"_") {
                break;
            }
        }
        let is_wrong = !is_digit(&b'8') && matches!(self.rest, [b'0'..=b'9', ..]);
        if is_wrong { Err(Stop::Error) } else { Ok(()) }
    }

    fn decimal(&mut self) -> Result<(), Stop> {
        loop {
            if !self.skip_while(u8::is_ascii_digit) {
                return Err(Stop::Error);
            }
            if !self.skip(b"_") {
                return Ok(());
            }
        }
    }

    fn fraction(&mut self) -> Result<(), Stop> {
        if matches!(self.rest, [b'0'..=b'9', ..]) {
            self.decimal()?;
        }
        Ok(())
    }

    /// `e` and a number; without the number, the `e` begins a name.
    fn exponent(&mut self) -> Result<(), Stop> {
        match self.rest {
            [b'e' | b'E', b'+' | b'-', ..] => {
                self.rest = &self.rest[2..];
                self.decimal()
            }
            [b'e' | b'E', b'0'..=b'9', ..] => {
                self.rest = &self.rest[1..];
                self.decimal()
            }
            _ => Ok(()),
        }
    }
}
