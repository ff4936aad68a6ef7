//! The cell transformer: from IPython's syntax to Python.
//!
//! What it accepts and what it makes of it is IPython's `inputtransformer2`, whose order it keeps:
//!
//! 1. [`leading`]: empty lines before the code, and indentation of all of it, are removed;
//! 2. [`prompts`]: prompts that were copied with it are;
//! 3. `%%name` on the first line makes the rest the argument of a cell magic;
//! 4. [`rewrite`]: magics, shell escapes, help and autocalls, found by their tokens, become calls of `get_ipython()`.
//!
//! | file | what it knows |
//! |---|---|
//! | [`lines`] | where Python's lines end, and what it counts as white space |
//! | [`scan`] | that a cell is plain Python, from its bytes, so that most need no tokens |
//! | [`source`], [`tokens`] | the lines while they are rewritten, and a tokenizer that sees what Python's sees |
//! | [`escapes`], [`assignments`], [`help`] | one kind of syntax each |
//! | [`calls`] | how the calls are written |
//!
//! The time is linear in the length of the cell.

mod assignments;
mod calls;
mod escapes;
mod help;
mod leading;
mod lines;
mod prompts;
mod rewrite;
mod scan;
mod source;
mod tokens;

use std::borrow::Cow;

use thiserror::Error;

pub(super) use leading::{common_indent, indent_of};
pub use tokens::IndentationError;

/// A cell as Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformed<'a> {
    /// Ends with a line feed.
    pub code: Cow<'a, str>,
    /// Whether the cell had a magic, a shell escape, a question for help or an autocall, and not only prompts and
    /// indentation.
    pub uses_ipython: bool,
}

/// Why a cell was not transformed; as IPython raises it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransformError {
    #[error(transparent)]
    Indentation(#[from] IndentationError),
    /// What a line was rewritten to had to be rewritten, hundreds of times or at great length.
    #[error("Input transformation still changing after 500 iterations. Aborting.")]
    StillChanging,
}

/// Turns IPython's syntax in `code` into Python.
pub fn transform(code: &str) -> Result<Transformed<'_>, TransformError> {
    transform_clean(clean(code))
}

/// Turns the syntax into Python that [`clean`] leaves.
pub(super) fn transform_clean(code: Cow<'_, str>) -> Result<Transformed<'_>, TransformError> {
    if let Some(call) = cell_magic(&code) {
        return Ok(Transformed {
            code: Cow::Owned(call),
            uses_ipython: true,
        });
    }
    let rewritten = if scan::needs_tokens(&code) {
        rewrite::rewrite(&code)?
    } else {
        None
    };
    Ok(Transformed {
        uses_ipython: rewritten.is_some(),
        code: rewritten.map_or(code, Cow::Owned),
    })
}

/// `code` without what was copied with it: empty lines before it, common indentation, prompts. Ends with a line feed.
pub(super) fn clean(code: &str) -> Cow<'_, str> {
    let code = map(Cow::Borrowed(code), with_line_feed);
    let code = map(code, |code| leading::without_empty_lines(code).into());
    let code = map(code, leading::dedent);
    let code = map(code, prompts::without_python_prompts);
    map(code, prompts::without_ipython_prompts)
}

/// Applies a step that changes few cells.
fn map<'a>(code: Cow<'a, str>, step: impl for<'b> Fn(&'b str) -> Cow<'b, str>) -> Cow<'a, str> {
    match code {
        Cow::Borrowed(code) => step(code),
        Cow::Owned(code) => match step(&code) {
            Cow::Borrowed(same) if same.len() == code.len() => Cow::Owned(code),
            step => Cow::Owned(step.into_owned()),
        },
    }
}

fn with_line_feed(code: &str) -> Cow<'_, str> {
    if code.ends_with('\n') {
        Cow::Borrowed(code)
    } else {
        Cow::Owned([code, "\n"].concat())
    }
}

/// The call of a cell magic, if `code` begins with one. `%%name?` asks for help instead.
fn cell_magic(code: &str) -> Option<String> {
    let text = code.strip_prefix("%%")?;
    let after_name = text.trim_start_matches(lines::is_word);
    if after_name.len() < text.len() && after_name.starts_with('?') {
        return None;
    }
    let first = lines::split_lines(text).next().unwrap_or_default();
    let body = &text[first.len()..];
    let (name, line) = escapes::magic(first.trim_end_matches(lines::is_space));
    Some(calls::run_cell_magic(name, line, body) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::tables;

    fn describe(code: &str) -> (&'static str, String) {
        match transform(code) {
            Ok(cell) if cell.uses_ipython => ("ipython", cell.code.into_owned()),
            Ok(cell) => ("plain", cell.code.into_owned()),
            Err(error) => ("error", error.to_string()),
        }
    }

    #[test]
    fn the_table_is_met() {
        let wrong: Vec<String> = tables::wide_rows(include_str!("../tables/transform.txt"))
            .filter_map(|(kind, code, expected)| {
                let (found_kind, found) = describe(&code);
                let expected = expected
                    .split_once("Error: ")
                    .map_or(&*expected, |error| error.1);
                (found_kind != kind || found != expected)
                    .then(|| format!("{code:?}: {found_kind} {found:?}, not {kind} {expected:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn plain_python_is_not_copied() {
        for code in [
            "x = 1\n",
            "def f():\n    return 1\n\n\nf()\n",
            "if x:\n    if y:\n        z\n    a\n",
            "x = '?%'\n",
        ] {
            let cell = transform(code).expect("nothing is wrong with it");
            assert!(
                matches!(cell.code, Cow::Borrowed(same) if same == code),
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_line_that_always_turns_into_another_is_given_up() {
        let commas = ",".repeat(499);
        assert!(transform(&commas).is_ok());
        assert_eq!(
            transform(&format!("{commas},")),
            Err(TransformError::StillChanging)
        );
        let arguments = "f ".repeat(20_000);
        assert_eq!(
            transform(&(commas + &arguments)),
            Err(TransformError::StillChanging)
        );
    }

    #[test]
    fn a_cell_has_any_number_of_magics() {
        let code = "%time\n".repeat(2000);
        let expected = "get_ipython().run_line_magic('time', '')\n".repeat(2000);
        assert_eq!(describe(&code), ("ipython", expected));
    }

    #[test]
    fn what_follows_a_command_is_read_without_it() {
        let code = "!echo '''\ndef f():\n    '''Doc\n      more\n     text\n    '''\n%time\n";
        let (kind, python) = describe(code);
        assert_eq!(kind, "ipython");
        assert!(
            python.ends_with("    '''\nget_ipython().run_line_magic('time', '')\n"),
            "{python}"
        );
    }

    #[test]
    fn errors_say_where_they_are() {
        let Err(TransformError::Indentation(error)) = transform("if x:\n    y\n  é # c") else {
            panic!("it is refused");
        };
        assert_eq!((error.line, &*error.text), (3, "  é # c"));
        assert!(!error.is_about_tabs());
    }
}
