//! Lines and white space as Python's `str` counts them.

use rustpython_unicode::classify;

/// The lines of `text` with their ends, as `str.splitlines(keepends=True)` gives them.
pub(super) fn split_lines(text: &str) -> Lines<'_> {
    Lines { rest: text }
}

pub(super) struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_at(end_of_line(self.rest.as_bytes()));
        self.rest = rest;
        Some(line)
    }
}

/// The length of the first line of `text`, its end included.
fn end_of_line(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|&byte| may_end_line(byte)) {
        at += found;
        match text[at..] {
            [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => return at + 2,
            [0xe2, 0x80, 0xa8 | 0xa9, ..] => return at + 3,
            [0xc2 | 0xe2, ..] => at += 1,
            _ => return at + 1,
        }
    }
    text.len()
}

/// Whether a line ends at this byte or at the character that begins with it; true of some more characters.
pub(super) const fn may_end_line(byte: u8) -> bool {
    matches!(byte, b'\n'..=b'\r' | 0x1c..=0x1e | 0xc2 | 0xe2)
}

pub(super) fn is_space(character: char) -> bool {
    if character.is_ascii() {
        matches!(character, ' ' | '\t'..='\r' | '\x1c'..='\x1f')
    } else {
        classify::is_space(character)
    }
}

pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(is_space)
}

/// Whether the character can be part of a word, as `\w` of a regular expression has it.
pub(super) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || character == '_'
    } else {
        classify::is_alnum(character)
    }
}

/// The line without the line feed at its end.
pub(super) fn without_line_feed(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_python_ends_them() {
        let text = "a\nb\r\nc\rd\u{b}e\u{c}f\u{1c}g\u{1e}h\u{85}é\u{2028}\u{2030}\u{2029}\n\ni";
        let lines: Vec<&str> = split_lines(text).collect();
        assert_eq!(
            lines,
            [
                "a\n",
                "b\r\n",
                "c\r",
                "d\u{b}",
                "e\u{c}",
                "f\u{1c}",
                "g\u{1e}",
                "h\u{85}",
                "é\u{2028}",
                "\u{2030}\u{2029}",
                "\n",
                "\n",
                "i"
            ]
        );
        assert_eq!(split_lines("").next(), None);
    }
}
