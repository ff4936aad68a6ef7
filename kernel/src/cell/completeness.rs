//! Whether a cell could run as it is, or a front end should let the user go on typing (`is_complete_request`).
//!
//! The answers are those of IPython's `TransformerManager.check_complete`, judged by the parser instead of by the
//! tokenizer: a cell is incomplete when its first error is that the text ends. A block is complete once a line break
//! follows it, so that Enter on a blank line runs it.
//!
//! Where it differs, on purpose: an unfinished block asks for the indentation of the statement and not of the last
//! line of a long call, one level less after `return`, `pass`, `raise`, `break` and `continue`, and uses the width
//! (or tabs) of the block around it; what can never become valid (`else:` alone, `x = lambda:`, an unclosed
//! `f"abc`) is invalid; a warning does not make a cell invalid; errors that only the compiler sees (`return` at top
//! level) leave it complete, since running it shows them best.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, Mode, ParseError, ParseErrorType, ParseOptions,
    parse_unchecked,
};
use ruff_text_size::{Ranged, TextRange};

use super::depth::with_room;

/// What `is_complete_reply` says about a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can run.
    Complete,
    /// More has to come.
    Incomplete {
        /// White space with which the next line should begin.
        indent: String,
    },
    /// No continuation makes it valid.
    Invalid,
    /// There is not memory enough to tell.
    Unknown,
}

/// Whether `code` can run as it is.
pub fn completeness(code: &str) -> Completeness {
    if let Some(cell_magic) = cell_magic(code) {
        return completeness_of_cell_magic(cell_magic);
    }
    let (common_indent, source) = dedented(code);
    let ends_with_newline = source[source.trim_end().len()..].contains('\n');
    let source = if ends_with_newline {
        source
    } else {
        source + "\n"
    };
    match with_room(&source, || judge(&source, ends_with_newline)) {
        Some(Completeness::Incomplete { indent }) => Completeness::Incomplete {
            indent: common_indent + &indent,
        },
        Some(verdict) => verdict,
        None => Completeness::Unknown,
    }
}

/// The code from `%%` on, if it begins with a cell magic.
fn cell_magic(code: &str) -> Option<&str> {
    let start = code.trim_start();
    start.starts_with("%%").then_some(start)
}

/// What follows `%%name` is not Python: only a blank line says that it is complete.
fn completeness_of_cell_magic(code: &str) -> Completeness {
    let last_line = code
        .rsplit('\n')
        .nth(usize::from(code.ends_with('\n')))
        .unwrap_or_default();
    if code.contains('\n') && last_line.trim().is_empty() {
        Completeness::Complete
    } else {
        Completeness::Incomplete {
            indent: indent_of(last_line).to_owned(),
        }
    }
}

/// Removes the white space that all lines share, as a cell that was copied out of a function has it.
fn dedented(code: &str) -> (String, String) {
    let mut lines = code.split('\n').filter(|line| !line.trim().is_empty());
    let Some(first) = lines.next() else {
        return (String::new(), code.to_owned());
    };
    let common = lines.fold(indent_of(first), |common, line| {
        common_prefix(common, indent_of(line))
    });
    if common.is_empty() {
        return (String::new(), code.to_owned());
    }
    let stripped: Vec<&str> = code
        .split('\n')
        .map(|line| line.strip_prefix(common).unwrap_or(line.trim()))
        .collect();
    (common.to_owned(), stripped.join("\n"))
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    &a[..length]
}

/// `source` ends with a line break and its first line is not indented.
fn judge(source: &str, ends_with_newline: bool) -> Completeness {
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Ipython));
    let layout = Layout::of(source, parsed.tokens());
    if layout.continues_by_backslash {
        return Completeness::Incomplete {
            indent: last_line_indent(source),
        };
    }
    match parsed.errors().first() {
        Some(error) if layout.awaits_block(error) => Completeness::Incomplete {
            indent: layout.block_indent(),
        },
        Some(error) if ends_there(error, source) => Completeness::Incomplete {
            indent: last_line_indent(source),
        },
        Some(_) => Completeness::Invalid,
        None if layout.ends_in_block && !ends_with_newline => Completeness::Incomplete {
            indent: layout.next_statement_indent(),
        },
        None => Completeness::Complete,
    }
}

/// Whether the error is that the text ends too soon.
fn ends_there(error: &ParseError, source: &str) -> bool {
    let location = error.location;
    if location.start().to_usize() >= source.len() {
        return true;
    }
    // The error of an open triple quote lies where the string begins; a single quote must close on its own line,
    // before the last line break.
    let unclosed = match &error.error {
        ParseErrorType::Lexical(LexicalErrorType::Eof) => return true,
        ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => true,
        ParseErrorType::Lexical(
            LexicalErrorType::FStringError(kind) | LexicalErrorType::TStringError(kind),
        ) => *kind == InterpolatedStringErrorType::UnterminatedTripleQuotedString,
        _ => false,
    };
    unclosed && location.end().to_usize() >= source.len()
}

fn last_line_indent(source: &str) -> String {
    let lines = source.strip_suffix('\n').unwrap_or(source);
    indent_of(lines.rsplit('\n').next().unwrap_or_default()).to_owned()
}

/// Where the last statement of a cell stands.
struct Layout<'src> {
    source: &'src str,
    /// White space of each open block, outermost first.
    blocks: Vec<&'src str>,
    /// First token of the last logical line.
    first: Option<(TokenKind, TextRange)>,
    /// Last token of it.
    last: Option<(TokenKind, TextRange)>,
    /// White space of a comment that stands alone on a line after it.
    comment_indent: Option<&'src str>,
    ends_in_block: bool,
    continues_by_backslash: bool,
}

impl<'src> Layout<'src> {
    fn of(source: &'src str, tokens: &Tokens) -> Self {
        let mut layout = Self {
            source,
            blocks: Vec::new(),
            first: None,
            last: None,
            comment_indent: None,
            ends_in_block: false,
            continues_by_backslash: false,
        };
        let mut at_line_start = true;
        let mut comment_at_end = false;
        for token in tokens {
            let range = token.range();
            match token.kind() {
                TokenKind::Indent => layout.blocks.push(&source[range]),
                // Those at the end of the text only say that it ended.
                TokenKind::Dedent if range.start().to_usize() < source.len() => {
                    layout.blocks.pop();
                }
                TokenKind::Dedent => layout.ends_in_block = true,
                TokenKind::Newline => at_line_start = true,
                TokenKind::NonLogicalNewline | TokenKind::EndOfFile => {}
                TokenKind::Comment => {
                    comment_at_end = true;
                    if at_line_start {
                        layout.comment_indent = Some(indent_before(source, range));
                    }
                }
                kind => {
                    comment_at_end = false;
                    layout.comment_indent = None;
                    if std::mem::take(&mut at_line_start) {
                        layout.first = Some((kind, range));
                    }
                    layout.last = Some((kind, range));
                }
            }
        }
        layout.continues_by_backslash = !comment_at_end && source.trim_end().ends_with('\\');
        layout
    }

    /// Whether a block header ends the text and the error is that nothing follows.
    fn awaits_block(&self, error: &ParseError) -> bool {
        self.last.is_some_and(|(kind, range)| {
            kind == TokenKind::Colon
                && error.location.start() >= range.end()
                && matches!(error.error, ParseErrorType::OtherError(_))
        })
    }

    /// The indentation of the block that the last line opens.
    fn block_indent(&self) -> String {
        let header = self
            .first
            .map(|(_, range)| indent_before(self.source, range))
            .unwrap_or_default();
        match self.comment_indent {
            Some(comment) if comment.len() > header.len() => comment.to_owned(),
            _ => format!("{header}{}", self.step()),
        }
    }

    /// One level of indentation, as the innermost block has it.
    fn step(&self) -> &'src str {
        match self.blocks.as_slice() {
            [] => "    ",
            [only] => only,
            [.., outer, inner] => inner.strip_prefix(outer).unwrap_or(inner),
        }
    }

    /// The indentation of a statement after the last one.
    fn next_statement_indent(&self) -> String {
        if let Some(comment) = self.comment_indent {
            return comment.to_owned();
        }
        let leaves_block = self.first.is_some_and(|(kind, _)| {
            matches!(
                kind,
                TokenKind::Return
                    | TokenKind::Pass
                    | TokenKind::Raise
                    | TokenKind::Break
                    | TokenKind::Continue
            )
        });
        let depth = self.blocks.len() - usize::from(leaves_block && !self.blocks.is_empty());
        depth
            .checked_sub(1)
            .map(|innermost| self.blocks[innermost])
            .unwrap_or_default()
            .to_owned()
    }
}

/// The white space between the beginning of the line and `range`.
fn indent_before(source: &str, range: TextRange) -> &str {
    let before = &source[..range.start().to_usize()];
    indent_of(before.rsplit('\n').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::tables;

    /// As the table writes it: tabs count 4, as IPython counts them.
    fn describe(verdict: &Completeness) -> String {
        match verdict {
            Completeness::Complete => "complete".to_owned(),
            Completeness::Invalid => "invalid".to_owned(),
            Completeness::Unknown => "unknown".to_owned(),
            Completeness::Incomplete { indent } => {
                format!("incomplete {}", indent.replace('\t', "    ").len())
            }
        }
    }

    #[test]
    fn the_table_is_met() {
        let wrong: Vec<String> = tables::rows(include_str!("tables/completeness.txt"))
            .filter_map(|(expected, code)| {
                let expected = expected.split(" != ").next().unwrap_or_default();
                let found = describe(&completeness(&code));
                (found != expected).then(|| format!("{found}\t{code:?} not {expected}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_block_keeps_its_tabs() {
        let indent = "\t\t".to_owned();
        assert_eq!(
            completeness("def f():\n\tif x:"),
            Completeness::Incomplete { indent }
        );
    }
}
