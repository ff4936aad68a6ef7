//! The Python that IPython's syntax stands for.

use rustpython_unicode::classify::is_printable;

pub(super) fn run_line_magic(name: &str, line: &str) -> String {
    let mut call = String::from("get_ipython().run_line_magic(");
    push_repr(&mut call, name);
    call.push_str(", ");
    push_repr(&mut call, line);
    call.push(')');
    call
}

pub(super) fn run_cell_magic(name: &str, line: &str, body: &str) -> String {
    let mut call = String::with_capacity(body.len() + 64);
    call.push_str("get_ipython().run_cell_magic(");
    push_repr(&mut call, name);
    call.push_str(", ");
    push_repr(&mut call, line);
    call.push_str(", ");
    push_repr(&mut call, body);
    call.push(')');
    call
}

/// `!command`
pub(super) fn system(command: &str) -> String {
    with_command("get_ipython().system(", command)
}

/// `!!command` and `x = !command`
pub(super) fn getoutput(command: &str) -> String {
    with_command("get_ipython().getoutput(", command)
}

fn with_command(function: &str, command: &str) -> String {
    let mut call = String::from(function);
    push_repr(&mut call, command);
    call.push(')');
    call
}

/// Appends the literal that `repr` writes.
fn push_repr(code: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    code.push(quote);
    for character in text.chars() {
        match character {
            '\n' => code.push_str("\\n"),
            '\r' => code.push_str("\\r"),
            '\t' => code.push_str("\\t"),
            '\\' => code.push_str("\\\\"),
            _ if character == quote => code.extend(['\\', quote]),
            ' '..='~' => code.push(character),
            _ if is_printable(character) => code.push(character),
            _ => code.push_str(&escaped(u32::from(character))),
        }
    }
    code.push(quote);
}

fn escaped(character: u32) -> String {
    match character {
        0..=0xff => format!("\\x{character:02x}"),
        0x100..=0xffff => format!("\\u{character:04x}"),
        _ => format!("\\U{character:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_python_writes_them() {
        for (text, expected) in [
            ("", "''"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("\"", "'\"'"),
            ("a\\b\n\r\t", "'a\\\\b\\n\\r\\t'"),
            ("é€😀", "'é€😀'"),
            (
                "\0\x7f\u{a0}\u{200b}\u{e000}\u{10ffff}",
                "'\\x00\\x7f\\xa0\\u200b\\ue000\\U0010ffff'",
            ),
        ] {
            let mut code = String::new();
            push_repr(&mut code, text);
            assert_eq!(code, expected);
        }
    }
}
