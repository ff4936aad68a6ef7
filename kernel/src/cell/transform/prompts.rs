//! Prompts that were copied with the code: `>>> ` and `... `, `In [1]: ` and `   ...: `.

use std::borrow::Cow;

use rustpython_unicode::classify::is_decimal;

use super::leading::dedent;
use super::lines::{is_space, split_lines};

/// `code` without the prompts of Python and of doctests. Those of continued lines are removed only if there is a
/// `>>>`, since `...` is Python; what stands in a triple-quoted string of the cell itself stays.
pub(super) fn without_python_prompts(code: &str) -> Cow<'_, str> {
    if !code.contains(">>>") {
        return Cow::Borrowed(code);
    }
    let lines: Vec<&str> = split_lines(code).collect();
    let quoted = quoted_lines(&lines);
    let has_prompt = lines
        .iter()
        .zip(&quoted)
        .any(|(line, quoted)| !quoted && after_first_prompt(line).is_some());
    if !has_prompt {
        return Cow::Borrowed(code);
    }
    let mut stripped = String::with_capacity(code.len());
    let mut at = 0;
    while at < lines.len() {
        let length = quoted[at..]
            .iter()
            .take_while(|&&is_quoted| is_quoted == quoted[at])
            .count();
        let segment = &lines[at..at + length];
        if quoted[at] {
            stripped.extend(segment.iter().copied());
        } else {
            strip_segment(segment, &mut stripped);
        }
        at += length;
    }
    Cow::Owned(stripped)
}

/// Adds lines that no string of the cell encloses: without prompts and, if there were any, without common indentation.
fn strip_segment(lines: &[&str], stripped: &mut String) {
    let without: String = lines.iter().map(|line| after_any_prompt(line)).collect();
    let had_prompts = without.len() < lines.iter().map(|line| line.len()).sum::<usize>();
    if had_prompts {
        stripped.push_str(&dedent(&without));
    } else {
        stripped.push_str(&without);
    }
}

fn after_any_prompt(line: &str) -> &str {
    after_first_prompt(line)
        .or_else(|| after_prompt(line, "..."))
        .unwrap_or(line)
}

fn after_first_prompt(line: &str) -> Option<&str> {
    after_prompt(line, ">>>")
}

/// What follows the prompt and one blank, if `line` begins with it.
fn after_prompt<'a>(line: &'a str, prompt: &str) -> Option<&'a str> {
    let rest = line.trim_start_matches(is_space).strip_prefix(prompt)?;
    Some(rest.strip_prefix([' ', '\t']).unwrap_or(rest))
}

/// For each line whether it belongs to a triple-quoted string that the cell itself, and no code after a prompt, begins
/// with.
fn quoted_lines(lines: &[&str]) -> Vec<bool> {
    let mut open: Option<&str> = None;
    let mut preserved = false;
    let mut seen_prompt = false;
    lines
        .iter()
        .map(|line| {
            let mut is_quoted = open.is_some() && preserved;
            for (at, quote) in triple_quotes(line) {
                if open.is_none() {
                    open = Some(quote);
                    preserved = begins_string(&line[..at], seen_prompt);
                    is_quoted = preserved;
                } else if open == Some(quote) {
                    open = None;
                    preserved = false;
                }
            }
            seen_prompt |= after_first_prompt(line).is_some();
            is_quoted
        })
        .collect()
}

/// Whether nothing but the prefix of a string stands before its quotes. After a prompt, it does not count once code
/// with a prompt was seen.
fn begins_string(before: &str, seen_prompt: bool) -> bool {
    let rest = after_first_prompt(before).unwrap_or(before);
    let rest = after_prompt(rest, "...").unwrap_or(rest);
    let had_prompt = rest.len() < before.len();
    !(had_prompt && seen_prompt)
        && rest
            .trim_matches(is_space)
            .bytes()
            .all(|byte| b"rubfRUBF".contains(&byte))
}

fn triple_quotes(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let found = at + line[at..].find(['"', '\''])?;
            let quote = line.get(found..found + 3);
            match quote {
                Some(quote @ ("\"\"\"" | "'''")) if !line[..found].ends_with('\\') => {
                    at = found + 3;
                    return Some((found, quote));
                }
                _ => at = found + 1,
            }
        }
    })
}

/// `code` without the prompts of IPython, if its first or second line has one.
pub(super) fn without_ipython_prompts(code: &str) -> Cow<'_, str> {
    let has_prompts = split_lines(code)
        .take(2)
        .any(|line| after_ipython_prompt(line).is_some());
    if !has_prompts {
        return Cow::Borrowed(code);
    }
    split_lines(code)
        .map(|line| after_ipython_prompt(line).unwrap_or(line))
        .collect::<String>()
        .into()
}

fn after_ipython_prompt(line: &str) -> Option<&str> {
    after_input_prompt(line).or_else(|| after_dots(line))
}

/// After `In [1]: `, which names its mode when the keys are those of vi: `[ins] In [1]: `.
fn after_input_prompt(line: &str) -> Option<&str> {
    let mode = line
        .strip_prefix("[nav]")
        .or_else(|| line.strip_prefix("[ins]"))
        .unwrap_or(line);
    let prompt = mode.strip_prefix(' ').unwrap_or(line);
    let number = prompt.strip_prefix("In [")?;
    let rest = number.trim_start_matches(is_decimal);
    (rest.len() < number.len())
        .then(|| rest.strip_prefix("]: "))
        .flatten()
}

/// After `   ...: `, which has as many dots as the number of the cell needs.
fn after_dots(line: &str) -> Option<&str> {
    let dots = line.trim_start_matches(is_space);
    let rest = dots.trim_start_matches('.');
    let colon = (dots.len() - rest.len() >= 3).then(|| rest.strip_prefix(':'))??;
    Some(colon.strip_prefix(' ').unwrap_or(colon))
}
