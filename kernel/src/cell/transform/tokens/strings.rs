//! Names, and the strings that begin like one.

use super::interpolated::Interpolated;
use super::{Kind, Lexer, Stop, Token, token};
use crate::cell::transform::source::{Position, Source};

impl Lexer {
    /// A name, or a string with a prefix.
    pub(super) fn word(&mut self, source: &Source) -> Result<Token, Stop> {
        let start = self.at;
        let rest = source.rest(start);
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte >= 0x80)
            .count();
        self.at.column += length;
        if let (1 | 2, Some(b'"' | b'\'')) = (length, rest.get(length)) {
            let mut prefix = [0; 2];
            prefix[..length].copy_from_slice(&rest[..length]);
            prefix.make_ascii_lowercase();
            match &prefix[..length] {
                b"b" | b"r" | b"u" | b"br" | b"rb" => return self.string(source, start),
                b"f" | b"t" => return self.begin_interpolated(source, start, false),
                b"fr" | b"rf" | b"tr" | b"rt" => {
                    return self.begin_interpolated(source, start, true);
                }
                _ => {}
            }
        }
        Ok(token(Kind::Name, start))
    }

    /// A string; its quotes are next.
    pub(super) fn string(&mut self, source: &Source, start: Position) -> Result<Token, Stop> {
        let (quote, is_triple) = self.quotes(source);
        let mut closing = 0;
        // Two quotes that a third does not follow are an empty string.
        if !is_triple && source.peek(self.at) == Some(quote) {
            self.at.column += 1;
            return Ok(token(Kind::Other, start));
        }
        loop {
            match source.take(&mut self.at) {
                None if source.is_cut_off() => return Err(Stop::Silent),
                None => return Err(self.unterminated(quote, is_triple)),
                Some(b'\n') if !is_triple => return Err(self.unterminated(quote, is_triple)),
                Some(byte) if byte == quote => {
                    closing += 1;
                    if closing == 3 || !is_triple {
                        return Ok(token(Kind::Other, start));
                    }
                }
                Some(b'\\') => {
                    closing = 0;
                    if source.take(&mut self.at) == Some(b'\r') {
                        source.take(&mut self.at);
                    }
                }
                Some(_) => closing = 0,
            }
        }
    }

    /// Goes past the quotes that open a string: which they are, and whether there are three.
    pub(super) fn quotes(&mut self, source: &Source) -> (u8, bool) {
        let rest = source.rest(self.at);
        let quote = rest[0];
        let is_triple = rest.starts_with(&[quote; 3]);
        self.at.column += if is_triple { 3 } else { 1 };
        (quote, is_triple)
    }

    /// A string without an end: of one that could be the end of an f-string around it, and of a long one, no token tells.
    fn unterminated(&self, quote: u8, is_triple: bool) -> Stop {
        let ends_field = self
            .interpolated
            .last()
            .is_some_and(|string: &Interpolated| string.has_quotes(quote, is_triple));
        if is_triple || ends_field {
            Stop::Silent
        } else {
            Stop::Error
        }
    }
}
