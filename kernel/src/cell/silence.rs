//! Whether a trailing `;` keeps the last value of a cell from being displayed.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use super::depth::with_room;

/// Whether the last token of `code` is a `;`, comments and blank lines aside. A `;` in a string or a comment does
/// not count. The code is Python, as the transformer leaves it, but need not be valid.
pub fn is_silenced(code: &str) -> bool {
    // Most cells have none and need no parser.
    if !code.contains(';') {
        return false;
    }
    with_room(code, || ends_in_semicolon(code)).unwrap_or(false)
}

fn ends_in_semicolon(code: &str) -> bool {
    let parsed = parse_unchecked(code, ParseOptions::from(Mode::Module));
    let mut kinds = parsed.tokens().iter().rev().map(Token::kind);
    kinds.find(|&kind| !is_trivia(kind)) == Some(TokenKind::Semi)
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
