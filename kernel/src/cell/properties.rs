//! What holds for any text at all: asked of random texts below, of any bytes by `fuzz/`, and of what was found there.

use std::borrow::Cow;

use ruff_python_parser::parse_module;

use super::transform::clean;
use super::{Completeness, asynchrony, completeness, directive, is_silenced, transform};

/// What takes too long shows in texts as long as this, and a fuzzer finds short ones.
const LONG: usize = 64 * 1024;
/// With this in front, an input stands for what follows it, again and again.
const REPEATED: u8 = 0xff;

/// Asks of the text that a fuzzer's input stands for.
pub(crate) fn check(input: &[u8]) {
    match input {
        [REPEATED, input @ ..] => {
            let text = String::from_utf8_lossy(input);
            hold_for(&text.repeat(LONG / text.len().max(1)));
        }
        input => hold_for(&String::from_utf8_lossy(input)),
    }
}

/// Fails if something does not hold.
fn hold_for(code: &str) {
    is_silenced(code);
    directive(code);
    asynchrony(code);
    let verdict = completeness(code);
    assert_ne!(verdict, Completeness::Unknown);
    if let Completeness::Incomplete { indent } = verdict {
        let is_white = |character| matches!(character, ' ' | '\t');
        assert!(indent.chars().all(is_white), "{indent:?}");
    }
    let Ok(cell) = transform(code) else {
        return;
    };
    if !cell.uses_ipython {
        // Nothing but prompts and indentation is gone.
        assert_eq!(cell.code, clean(code));
    }
    if is_plain(code) {
        assert!(!cell.uses_ipython);
        assert!(matches!(cell.code, Cow::Borrowed(same) if same == code));
    }
}

/// Whether `code` is Python without a trace of IPython. Prompts and indentation are looked for in strings too, and
/// IPython's lines end at a form feed, where the parser's do not.
fn is_plain(code: &str) -> bool {
    matches!(clean(code), Cow::Borrowed(same) if same == code)
        && !code.contains(['\u{c}', '\u{2028}'])
        && parse_module(code).is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fuzzing_found_has_an_answer() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/cell");
        for entry in std::fs::read_dir(corpus).expect("a corpus") {
            let path = entry.expect("an entry").path();
            // A failure is about the last one that was named.
            eprintln!("{}", path.display());
            check(&std::fs::read(path).expect("a file"));
        }
    }

    /// Pieces from which cells are made that are nearly Python.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "if x:",
            "else:",
            "def f():",
            "class A:",
            "return",
            "await x",
            "async for i in x:",
            "x = 1",
            "x",
            "@d",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "'''",
            "\"\"\"",
            "f'{",
            "f\"\"\"",
            "\\",
            "\n",
            "\n    ",
            "\n\t",
            "\n\n",
            ";",
            "#",
            ":",
            "%%m",
            "%m ",
            "!ls",
            "!",
            "?",
            "x = ",
            "=",
            "%",
            ",",
            "/",
            ">>> ",
            "... ",
            "In [1]: ",
            "   ...: ",
            "}'",
            "f'''",
            "0b",
            "1_",
            "\u{2028}",
            "é",
            "\u{feff}",
            "\0",
            "\r\n",
            "\u{c}",
            " ",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_text_has_an_answer(code in prop_oneof![pieces(), any::<String>()]) {
            hold_for(&code);
        }

        #[test]
        fn valid_python_comes_back_unchanged(code in pieces()) {
            // But for prompts and indentation, which are looked for in strings too. And IPython's lines end at a form feed.
            let code = clean(&code).replace(['\u{c}', '\u{2028}'], "");
            if clean(&code) == code && parse_module(&code).is_ok() {
                let cell = transform(&code).expect("valid Python has no error");
                prop_assert_eq!(&*cell.code, &code);
                prop_assert!(!cell.uses_ipython);
            }
        }

        #[test]
        fn asynchronous_code_is_complete(code in pieces()) {
            // A backslash at the end asks for another line, though the parser does not need one.
            let is_end = |character: char| character == '\\' || character.is_whitespace();
            let code = format!("{}\n", code.trim_end_matches(is_end));
            if transform(&code).is_ok_and(|cell| asynchrony(&cell.code).is_some()) {
                prop_assert_eq!(completeness(&code), Completeness::Complete);
            }
        }
    }
}
