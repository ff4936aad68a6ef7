//! The short way: most cells are plain Python, and a look at their bytes tells it.

use super::lines::may_end_line;

/// What a byte means to the scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing.
    Plain,
    LineFeed,
    Equals,
    /// Help, or an end of line other than a line feed.
    Suspicious,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        if may_end_line(byte as u8) {
            classes[byte] = Class::Suspicious;
        }
        byte += 1;
    }
    classes[b'\n' as usize] = Class::LineFeed;
    classes[b'=' as usize] = Class::Equals;
    classes[b'?' as usize] = Class::Suspicious;
    classes
};

/// Deeper than Python's tokenizer allows, or nearly.
const DEEP: usize = 100;

/// Whether tokens could show something to transform or an error of indentation. If not, there is none: no line begins
/// with an escape character, nothing after a `=` is one, there is no `?`, and no line is indented less than an earlier
/// one without being at the margin.
pub(super) fn needs_tokens(code: &str) -> bool {
    let bytes = code.as_bytes();
    let mut deepest = 0;
    let mut at = 0;
    loop {
        let indent = bytes[at..].iter().take_while(|&&byte| byte == b' ').count();
        at += indent;
        match bytes.get(at) {
            None => return false,
            Some(b'\n') => {
                at += 1;
                continue;
            }
            Some(b'!' | b'%' | b',' | b';' | b'/' | b'\t') => return true,
            Some(_) if indent >= DEEP || (indent > 0 && indent < deepest) => return true,
            Some(_) => deepest = deepest.max(indent),
        }
        match rest_of_line(bytes, at) {
            Some(next_line) => at = next_line,
            None => return true,
        }
    }
}

/// Where the next line begins; `None` if something in this one is suspicious.
fn rest_of_line(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let Some(found) = bytes[at..]
            .iter()
            .position(|&byte| CLASSES[usize::from(byte)] != Class::Plain)
        else {
            return Some(bytes.len());
        };
        at += found + 1;
        match CLASSES[usize::from(bytes[at - 1])] {
            Class::LineFeed => return Some(at),
            Class::Equals if !is_escape_next(&bytes[at..]) => {}
            Class::Plain | Class::Equals | Class::Suspicious => return None,
        }
    }
}

/// Whether an assignment takes the output of a command: `%` or `!` after white space and continued lines.
fn is_escape_next(bytes: &[u8]) -> bool {
    let next = bytes
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c' | b'\\' | b'\n'));
    matches!(next, Some(b'%' | b'!'))
}
