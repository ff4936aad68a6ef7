//! What holds for any text at all.

use proptest::prelude::*;
use ruff_python_parser::parse_module;

use super::transform::clean;
use super::{Completeness, asynchrony, completeness, is_silenced, transform};

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
        is_silenced(&code);
        let _ = transform(&code);
        asynchrony(&code);
        let verdict = completeness(&code);
        prop_assert_ne!(verdict, Completeness::Unknown);
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
    fn the_indent_of_what_is_incomplete_is_white_space(code in pieces()) {
        if let Completeness::Incomplete { indent } = completeness(&code) {
            prop_assert!(indent.chars().all(|character| matches!(character, ' ' | '\t')), "{indent:?}");
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
