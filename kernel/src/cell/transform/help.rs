//! `name?`, `name??` and `*pattern*?`.

use rustpython_unicode::classify::is_decimal;

use super::calls;
use super::lines::{is_word, without_line_feed};

/// The call for a line that asks for help at its end; `None` if it does not end in a name and `?` or `??`.
pub(super) fn at_end(line: &str) -> Option<String> {
    let question = without_line_feed(line).strip_suffix('?')?;
    let (rest, is_detailed) = match question.strip_suffix('?') {
        Some(rest) => (rest, true),
        None => (question, false),
    };
    target(rest).map(|target| call(target, is_detailed))
}

/// The call that shows what is known of `target`.
pub(super) fn call(target: &str, is_detailed: bool) -> String {
    let name = match (is_detailed, target.contains('*')) {
        (true, _) => "pinfo2",
        (false, true) => "psearch",
        (false, false) => "pinfo",
    };
    calls::run_line_magic(name, target)
}

/// The longest end of `line` that names something: words with points between them, each perhaps with `*` and with
/// literal indexes after it, the first perhaps with the `%` of a magic.
fn target(line: &str) -> Option<&str> {
    let mut longest = None;
    let mut end = line.len();
    loop {
        if let Some(before_index) = before_index(&line[..end]) {
            end = before_index;
            continue;
        }
        let word_start = line[..end].trim_end_matches(is_word_or_star).len();
        let word = &line[word_start..end];
        // A name begins with no digit, but can begin in the middle of a word.
        let Some(name) = word.find(|character| !is_decimal(character)) else {
            return longest;
        };
        longest = Some(&line[word_start + name..]);
        if name > 0 {
            return longest;
        }
        let Some(before_point) = line[..word_start].strip_suffix('.') else {
            let percents = line[..word_start]
                .bytes()
                .rev()
                .take_while(|&byte| byte == b'%')
                .count();
            return Some(&line[word_start - percents.min(2)..]);
        };
        end = before_point.len();
    }
}

/// Where the index that `line` ends in begins.
fn before_index(line: &str) -> Option<usize> {
    let inner = line.strip_suffix(']')?;
    let digits = inner.trim_end_matches(|character: char| character.is_ascii_digit());
    if digits.len() == inner.len() {
        return None;
    }
    let minus = digits.strip_suffix('-').unwrap_or(digits);
    minus.strip_suffix('[').map(str::len)
}

fn is_word_or_star(character: char) -> bool {
    character == '*' || is_word(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_longest_name_at_the_end() {
        for (line, expected) in [
            ("x", Some("x")),
            ("a = b.c", Some("b.c")),
            ("a[0].b[-12].c", Some("a[0].b[-12].c")),
            ("a[i].b", Some("b")),
            ("f().b", Some("b")),
            (")[0].x", Some("x")),
            ("1a", Some("a")),
            ("x.1a", Some("a")),
            ("12", None),
            ("x.12", None),
            ("*abc*", Some("*abc*")),
            ("a.*b", Some("a.*b")),
            ("%time", Some("%time")),
            ("%%%time", Some("%%time")),
            ("a.%time", Some("%time")),
            ("%1a", Some("a")),
            ("é.ñ", Some("é.ñ")),
            (".x", Some("x")),
            ("a..x", Some("x")),
            ("x]", None),
            ("x[]", None),
            ("x[a]", None),
            ("x[0]", Some("x[0]")),
            ("x ", None),
            ("", None),
        ] {
            assert_eq!(target(line), expected, "{line}");
        }
    }
}
