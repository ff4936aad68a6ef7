//! Lines that begin with `%`, `!`, `!!`, `?`, `??`, `,`, `;` or `/`.

use super::lines::is_space;
use super::source::{Position, Source};
use super::{calls, help};

pub(super) fn is_escape(character: u8) -> bool {
    matches!(character, b'!' | b'?' | b'%' | b',' | b';' | b'/')
}

/// The Python that a line stands for, and whether it is a call of `get_ipython()` and nothing else.
pub(super) struct Call {
    pub(super) code: String,
    pub(super) is_final: bool,
}

/// What `line`, which begins with an escape character, stands for; `None` if a `/` is not followed by a name.
pub(super) fn call(line: &str) -> Option<Call> {
    let (escape, content) = line.split_at(1);
    let code = match escape {
        "%" => {
            let (name, arguments) = magic(content);
            calls::run_line_magic(name, arguments)
        }
        "!" => match content.strip_prefix('!') {
            Some(command) => calls::getoutput(command),
            None => calls::system(content),
        },
        "?" => match content.strip_prefix('?') {
            Some("") => "get_ipython().show_usage()".to_owned(),
            Some(target) => help::call(target, true),
            None if content.is_empty() => "get_ipython().show_usage()".to_owned(),
            None => help::call(content, false),
        },
        _ => {
            let code = autocall(escape, content)?;
            let is_final = false;
            return Some(Call { code, is_final });
        }
    };
    let is_final = true;
    Some(Call { code, is_final })
}

/// `,f a b` is `f("a", "b")`, `;f a b` is `f("a b")`, and `/f a b` is `f(a, b)`.
fn autocall(escape: &str, content: &str) -> Option<String> {
    let (function, arguments) = magic(content);
    let words = || arguments.split(is_space).filter(|word| !word.is_empty());
    match escape {
        "," => {
            let quoted = words().collect::<Vec<_>>().join("\", \"");
            Some(format!("{function}(\"{quoted}\")"))
        }
        ";" => Some(format!("{function}(\"{arguments}\")")),
        _ if function.is_empty() => None,
        _ => {
            let arguments = words().collect::<Vec<_>>().join(", ");
            Some(format!("{function}({arguments})"))
        }
    }
}

/// The name of a magic and its arguments, which the first space separates.
pub(super) fn magic(content: &str) -> (&str, &str) {
    content.split_once(' ').unwrap_or((content, ""))
}

/// The text from `start` on as one line, if backslashes continue it up to the line `end`.
pub(super) fn assembled(source: &Source, start: Position, end: usize) -> String {
    let mut line = String::new();
    for number in start.line..=end {
        let text = source.line(number);
        let text = if number == start.line {
            &text[start.column..]
        } else {
            text
        };
        let text = text.trim_end_matches(is_space);
        if number == end {
            line.push_str(text);
        } else {
            line.push_str(text.strip_suffix('\\').unwrap_or(text));
            line.push(' ');
        }
    }
    line
}
