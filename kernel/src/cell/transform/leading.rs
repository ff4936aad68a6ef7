//! Empty lines at the beginning of a cell, and the indentation that all its lines share.

use std::borrow::Cow;

use super::lines::{is_blank, split_lines};

/// `code` from its first line that is not blank on; all of it, if there is none.
pub(super) fn without_empty_lines(code: &str) -> &str {
    let mut start = 0;
    for line in split_lines(code) {
        if !is_blank(line) {
            return &code[start..];
        }
        start += line.len();
    }
    code
}

/// `code` without the white space that all lines begin with. As `textwrap.dedent` does it: lines end at a line feed
/// only, and of lines that consist of spaces and tabs nothing is left.
pub(super) fn dedent(code: &str) -> Cow<'_, str> {
    let margin = common_indent(code).len();
    if margin == 0 && !has_white_lines(code) {
        return Cow::Borrowed(code);
    }
    let mut dedented = String::with_capacity(code.len());
    for line in code.split_inclusive('\n') {
        let text = line.strip_suffix('\n').unwrap_or(line);
        if indent_of(text).len() < text.len() {
            dedented.push_str(&text[margin..]);
        }
        dedented.push_str(&line[text.len()..]);
    }
    Cow::Owned(dedented)
}

/// The white space that all lines begin with which have more than white space.
pub(in crate::cell) fn common_indent(code: &str) -> &str {
    let mut common: Option<&str> = None;
    for line in code.split('\n') {
        let indent = indent_of(line);
        if indent.len() < line.len() {
            common = Some(common.map_or(indent, |common| common_prefix(common, indent)));
        }
        if common == Some("") {
            break;
        }
    }
    common.unwrap_or_default()
}

/// Whether there is a line of nothing but spaces and tabs.
fn has_white_lines(code: &str) -> bool {
    let mut lines = code.split('\n');
    lines.any(|line| matches!(line.as_bytes(), [b' ' | b'\t', ..]) && indent_of(line) == line)
}

/// The spaces and tabs that `line` begins with.
pub(in crate::cell) fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    &a[..length]
}
