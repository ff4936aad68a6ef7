//! What holds for any text at all.

use proptest::prelude::*;

use super::{Completeness, asynchrony, completeness, is_silenced};

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
        "!ls",
        "?",
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
        asynchrony(&code);
        let verdict = completeness(&code);
        prop_assert_ne!(verdict, Completeness::Unknown);
    }

    #[test]
    fn the_indent_of_what_is_incomplete_is_white_space(code in pieces()) {
        if let Completeness::Incomplete { indent } = completeness(&code) {
            prop_assert!(indent.chars().all(|character| matches!(character, ' ' | '\t')), "{indent:?}");
        }
    }

    #[test]
    fn asynchronous_code_is_complete(code in pieces()) {
        let code = format!("{code}\n");
        if asynchrony(&code).is_some() {
            prop_assert_eq!(completeness(&code), Completeness::Complete);
        }
    }
}
