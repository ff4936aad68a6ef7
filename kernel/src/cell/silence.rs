//! Whether a trailing `;` keeps the last value of a cell from being displayed.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::depth::with_room;

/// Whether the last token of `code` is a `;`, comments and blank lines aside. A `;` in a string or a comment does
/// not count. The code need not be valid: `%time f();` is silenced as well.
pub fn is_silenced(code: &str) -> bool {
    // Most cells have none and need no parser.
    if !code.contains(';') {
        return false;
    }
    with_room(code, || ends_in_semicolon(code)).unwrap_or(false)
}

fn ends_in_semicolon(code: &str) -> bool {
    let parsed = parse_unchecked(code, ParseOptions::from(Mode::Ipython));
    let last = parsed
        .tokens()
        .iter()
        .rev()
        .find(|token| !is_trivia(token.kind()));
    last.is_some_and(|token| match token.kind() {
        TokenKind::Semi => true,
        TokenKind::IpyEscapeCommand => code[token.range()].ends_with(';'),
        _ => false,
    })
}

fn is_trivia(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::NonLogicalNewline
            | TokenKind::Dedent
            | TokenKind::EndOfFile
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_semicolon_silences() {
        for code in [
            "x;",
            "x ; ",
            "x;\n",
            "x;\n\n",
            "x;  # why",
            "x; # a;\n# b",
            "a\nb;",
            "if x:\n    y;\n",
            "%time f();",
            "print('é');",
            "f'{x};';",
            ";",
        ] {
            assert!(is_silenced(code), "{code:?}");
        }
    }

    #[test]
    fn any_other_semicolon_does_not() {
        for code in [
            "",
            "x",
            "x; y",
            "x # ;",
            "x\n# ;",
            "';'",
            "'''\n;'''",
            "f'{x};'",
            "x;\ny",
            "# ;",
            "x[';']",
            "!ls; echo",
        ] {
            assert!(!is_silenced(code), "{code:?}");
        }
    }
}
