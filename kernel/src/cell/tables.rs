//! Reads the tables of expectations in `tables/`: one case on a line, what is expected, a tab, and the code with
//! `\n`, `\t` and `\\` for newline, tab and backslash. The same files are checked against CPython and IPython in
//! `tests/python/unit/test_cell_tables.py`.

/// The cases of a table: what is expected, and the code.
pub(super) fn rows(table: &str) -> impl Iterator<Item = (&str, String)> {
    table
        .lines()
        .filter(|line| !line.starts_with("##"))
        .map(|line| {
            let (expected, code) = line
                .split_once('\t')
                .unwrap_or_else(|| panic!("a tab in {line:?}"));
            (expected, unescape(code))
        })
}

fn unescape(code: &str) -> String {
    let mut text = String::new();
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('\\') => text.push('\\'),
            other => panic!("unknown escape {other:?} in {code:?}"),
        }
    }
    text
}
