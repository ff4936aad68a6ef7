//! Reads the tables of expectations in `tables/`: one case on a line, what is expected, a tab, and the code with
//! `\n`, `\r`, `\t`, `\\` and `\u{…}` for what would not be seen. The same files are checked against CPython and IPython
//! in `tests/python/unit/test_cell_tables.py` and `test_cell_transform.py`.

/// The cases of a table: what is expected, and the code.
pub(super) fn rows(table: &str) -> impl Iterator<Item = (&str, String)> {
    columns(table).map(|(expected, code)| (expected, unescape(code)))
}

/// The cases of a table that has two columns of text after what is expected.
pub(super) fn wide_rows(table: &str) -> impl Iterator<Item = (&str, String, String)> {
    columns(table).map(|(expected, texts)| {
        let (code, result) = split(texts);
        (expected, unescape(code), unescape(result))
    })
}

fn columns(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let rows = table.lines().filter(|line| !line.starts_with("##"));
    rows.map(split)
}

fn split(line: &str) -> (&str, &str) {
    line.split_once('\t')
        .unwrap_or_else(|| panic!("a tab in {line:?}"))
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
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => text.push(code_point(&mut characters)),
            Some('\\') => text.push('\\'),
            other => panic!("unknown escape {other:?} in {code:?}"),
        }
    }
    text
}

/// The character whose number stands in braces.
fn code_point(characters: &mut impl Iterator<Item = char>) -> char {
    let number: String = characters
        .skip_while(|&character| character == '{')
        .take_while(|&character| character != '}')
        .collect();
    u32::from_str_radix(&number, 16)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or_else(|| panic!("no character has the number {number:?}"))
}
