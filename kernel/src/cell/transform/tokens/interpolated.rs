//! f-strings and t-strings: text and replacement fields, which nest.

use super::{Kind, Lexer, Stop, Token, token};
use crate::cell::transform::source::{Position, Source};

/// How many f-strings can be open, each within a field of the one before.
const MOST_STRINGS: usize = 149;
/// How deep fields nest, one within the format of another.
const MOST_FIELDS: i32 = 3;

/// A string that is open.
#[derive(Clone, Debug)]
pub(in crate::cell::transform) struct Interpolated {
    quote: u8,
    is_triple: bool,
    is_raw: bool,
    next: Part,
    /// Brackets that are open within it, those of its fields included.
    brackets: i32,
    /// The number of brackets around the innermost field; -1 without one.
    field: i32,
}

/// What comes next in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Text,
    /// The format of a field.
    Format,
    /// The code of a field.
    Expression,
}

impl Interpolated {
    pub(super) fn is_expression_next(&self) -> bool {
        self.next == Part::Expression
    }

    pub(super) fn has_quotes(&self, quote: u8, is_triple: bool) -> bool {
        self.quote == quote && self.is_triple == is_triple
    }

    /// Whether a `:` here ends the expression of a field.
    pub(super) fn is_format_next(&self) -> bool {
        self.field >= 0 && self.brackets - 1 == self.field
    }

    pub(super) fn begin_format(&mut self) {
        self.next = Part::Format;
    }

    pub(super) fn open_bracket(&mut self) {
        self.brackets += 1;
    }

    /// Fails when the bracket was not opened within the string.
    pub(super) fn close_bracket(&mut self, bracket: u8) -> Result<(), Stop> {
        self.brackets -= 1;
        if self.brackets < 0 {
            return Err(Stop::Silent);
        }
        if bracket == b'}' && self.brackets == self.field {
            self.field -= 1;
            self.next = Part::Text;
        }
        Ok(())
    }

    fn begin_field(&mut self) -> Result<(), Stop> {
        self.field += 1;
        if self.field >= MOST_FIELDS {
            return Err(Stop::Silent);
        }
        self.next = Part::Expression;
        Ok(())
    }

    fn is_in_format(&self) -> bool {
        self.next == Part::Format
    }
}

impl Lexer {
    /// The beginning of a string; its quotes are next.
    pub(super) fn begin_interpolated(
        &mut self,
        source: &Source,
        start: Position,
        is_raw: bool,
    ) -> Result<Token, Stop> {
        let (quote, is_triple) = self.quotes(source);
        if self.interpolated.len() >= MOST_STRINGS {
            return Err(Stop::Silent);
        }
        self.interpolated.push(Interpolated {
            quote,
            is_triple,
            is_raw,
            next: Part::Text,
            brackets: 0,
            field: -1,
        });
        Ok(token(Kind::Other, start))
    }

    /// Text of the innermost string, its end, or the first token of a field.
    pub(super) fn interpolated_token(&mut self, source: &Source) -> Result<Token, Stop> {
        let Some(mut string) = self.interpolated.pop() else {
            return self.token(source);
        };
        let start = self.at;
        let rest = source.rest(start);
        if rest.starts_with(b"{") && !rest.starts_with(b"{{") {
            string.begin_field()?;
            self.interpolated.push(string);
            return self.token(source);
        }
        if self.skip_quotes(source, &string) {
            return Ok(token(Kind::Other, start));
        }
        let end = self.text(source, &mut string)?;
        self.interpolated.push(string);
        let is_one_byte = end.line == start.line && end.column == start.column + 1;
        Ok(Token {
            kind: Kind::Text,
            start,
            character: if is_one_byte {
                source.peek(start).unwrap_or_default()
            } else {
                0
            },
        })
    }

    /// Goes past the quotes that close the string, or past those of them that are there.
    fn skip_quotes(&mut self, source: &Source, string: &Interpolated) -> bool {
        for _ in 0..if string.is_triple { 3 } else { 1 } {
            if source.peek(self.at) != Some(string.quote) {
                return false;
            }
            self.at.column += 1;
        }
        true
    }

    /// Goes past text; where its token ends, which of a doubled brace contains the first.
    fn text(&mut self, source: &Source, string: &mut Interpolated) -> Result<Position, Stop> {
        let mut closing = 0;
        let mut names_character = false;
        loop {
            let at = self.at;
            match source.take(&mut self.at) {
                None => return Err(Stop::Silent),
                Some(b'\n') if !string.is_triple => {
                    if !string.is_in_format() {
                        return Err(Stop::Silent);
                    }
                    self.at = at;
                    string.next = Part::Expression;
                    return Ok(at);
                }
                Some(byte) if byte == string.quote => {
                    closing += 1;
                    if closing == 3 || !string.is_triple {
                        self.at.column -= closing;
                        return Ok(self.at);
                    }
                    continue;
                }
                Some(b'{') => return self.brace(source, string, at),
                Some(b'}') if names_character => return Ok(self.at),
                Some(b'}') => {
                    if source.peek(self.at) == Some(b'}')
                        && !string.is_in_format()
                        && string.brackets == 0
                    {
                        self.at.column += 1;
                        return Ok(after(at));
                    }
                    self.at = at;
                    string.next = Part::Expression;
                    return Ok(at);
                }
                Some(b'\\') => names_character |= self.escape(source, string.is_raw),
                Some(_) => {}
            }
            closing = 0;
        }
    }

    /// An opening brace at `at`, which was read.
    fn brace(
        &mut self,
        source: &Source,
        string: &mut Interpolated,
        at: Position,
    ) -> Result<Position, Stop> {
        if source.peek(self.at) == Some(b'{') && !string.is_in_format() {
            self.at.column += 1;
            return Ok(after(at));
        }
        self.at = at;
        string.begin_field()?;
        Ok(at)
    }

    /// Goes past what a backslash escapes, but for a brace; whether it is the name of a character.
    fn escape(&mut self, source: &Source, is_raw: bool) -> bool {
        let mut escaped = self.at;
        let mut next = source.take(&mut escaped);
        if next == Some(b'\r') {
            next = source.take(&mut escaped);
        }
        if matches!(next, Some(b'{' | b'}')) {
            return false;
        }
        self.at = escaped;
        if !is_raw && next == Some(b'N') && source.peek(self.at) == Some(b'{') {
            self.at.column += 1;
            return true;
        }
        false
    }
}

fn after(at: Position) -> Position {
    Position {
        line: at.line,
        column: at.column + 1,
    }
}
