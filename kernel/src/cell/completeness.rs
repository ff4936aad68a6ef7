//! Whether a cell could run as it is, or a front end should let the user go on typing (`is_complete_request`).
//!
//! The answers are those of IPython's `TransformerManager.check_complete`, judged by the parser instead of by the
//! tokenizer: a cell is incomplete when its first error is that the text ends. A block is complete once a line break
//! follows it, so that Enter on a blank line runs it; a cell magic is once a blank line does. The parser sees the Python
//! that the cell stands for.
//!
//! Where it differs, on purpose: an unfinished block asks for the indentation of the statement and not of the last
//! line of a long call, one level less after `return`, `pass`, `raise`, `break` and `continue`, and uses the width
//! (or tabs) of the block around it; what can never become valid (`else:` alone, `x = lambda:`, an unclosed
//! `f"abc`) is invalid; a warning does not make a cell invalid; errors that only the compiler sees (`return` at top
//! level) leave it complete, since running it shows them best; a backslash in a comment continues nothing; a copied prompt
//! without code after it ends a block, as it did where it was copied.

use std::borrow::Cow;

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, Mode, ParseError, ParseErrorType, ParseOptions,
    parse_unchecked,
};
use ruff_text_size::{Ranged, TextRange};

use super::depth::with_room;
use super::transform::{Transformed, clean, common_indent, indent_of, transform_clean};

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
    let text = Text::of(code);
    if text.cleaned.starts_with("%%") {
        return text.completeness_of_cell_magic();
    }
    let cleaned = Cow::Borrowed(&*text.cleaned);
    let Ok(Transformed { code: source, .. }) = transform_clean(cleaned) else {
        return text.incomplete_if(text.is_continued);
    };
    match with_room(&source, || judge(&source, &text)) {
        Some(verdict) => verdict,
        None => Completeness::Unknown,
    }
}

/// A cell as it was typed.
struct Text<'a> {
    /// Without prompts and indentation.
    cleaned: Cow<'a, str>,
    /// What all lines are indented by.
    common_indent: &'a str,
    last_indent: String,
    /// Whether the last line that is not blank ends with a backslash.
    is_continued: bool,
    /// Whether a line break follows the last line that is not blank.
    ends_with_newline: bool,
}

impl<'a> Text<'a> {
    fn of(code: &'a str) -> Self {
        let blank = &code[code.trim_end().len()..];
        let last_text = &code[..code.len() - blank.trim_start_matches([' ', '\t']).len()];
        let cleaned = clean(code);
        let (typed_line, cleaned_line) = (last_line(code), last_line(&cleaned));
        let had_prompt = typed_line.trim() != cleaned_line.trim();
        Self {
            common_indent: if had_prompt { "" } else { common_indent(code) },
            last_indent: indent_of(if had_prompt { cleaned_line } else { typed_line }).to_owned(),
            is_continued: last_text.ends_with('\\'),
            // After a prompt, nothing is a blank line too.
            ends_with_newline: blank.contains('\n') || (had_prompt && cleaned_line.is_empty()),
            cleaned,
        }
    }

    /// What follows `%%name` is not Python: only a blank line says that it is complete.
    fn completeness_of_cell_magic(&self) -> Completeness {
        if last_line(&self.cleaned).trim().is_empty() && !self.is_continued {
            Completeness::Complete
        } else {
            self.incomplete()
        }
    }

    /// Incomplete, with the next line indented like the last one.
    fn incomplete(&self) -> Completeness {
        let indent = self.last_indent.clone();
        Completeness::Incomplete { indent }
    }

    fn incomplete_if(&self, is_incomplete: bool) -> Completeness {
        if is_incomplete {
            self.incomplete()
        } else {
            Completeness::Invalid
        }
    }

    /// Incomplete, with the next line indented by `indent` within what all lines share.
    fn within(&self, indent: &str) -> Completeness {
        let indent = self.common_indent.to_owned() + indent;
        Completeness::Incomplete { indent }
    }
}

/// The last line of `code`, which may end with a line feed or not.
fn last_line(code: &str) -> &str {
    let lines = code.strip_suffix('\n').unwrap_or(code);
    lines.rsplit('\n').next().unwrap_or_default()
}

/// `source` is the Python that `text` stands for.
fn judge(source: &str, text: &Text) -> Completeness {
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let layout = Layout::of(source, parsed.tokens());
    if text.is_continued && !layout.ends_in_comment {
        return text.incomplete();
    }
    match parsed.errors().first() {
        Some(error) if layout.awaits_block(error) => text.within(&layout.block_indent()),
        Some(error) => text.incomplete_if(ends_there(error, source)),
        None if layout.ends_in_block && !text.ends_with_newline => {
            text.within(&layout.next_statement_indent())
        }
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
    ends_in_comment: bool,
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
            ends_in_comment: false,
        };
        let mut at_line_start = true;
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
                    layout.ends_in_comment = true;
                    if at_line_start {
                        layout.comment_indent = Some(indent_before(source, range));
                    }
                }
                kind => {
                    layout.ends_in_comment = false;
                    layout.comment_indent = None;
                    if std::mem::take(&mut at_line_start) {
                        layout.first = Some((kind, range));
                    }
                    layout.last = Some((kind, range));
                }
            }
        }
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
