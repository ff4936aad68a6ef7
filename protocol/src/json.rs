//! JSON as Python writes it, and strings of any length at the speed of memory.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::scan::first;

/// Parses JSON, and reads the bare `NaN`, `Infinity` and `-Infinity` of Python's `json` module as `null`.
///
/// Strict parsing comes first, so that only a text that it refuses is copied.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|strict| match without_non_finite(bytes) {
        Some(cleaned) => serde_json::from_slice(&cleaned).map_err(|_| strict),
        None => Err(strict),
    })
}

/// `null` stands for the field's default, as clients fill what they do not know with Python's `None`.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The default of a field that is on unless it is switched off.
pub(crate) fn yes() -> bool {
    true
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    // Also for the little that follows: else the last byte of a large value would double what it takes.
    out.reserve(rest.len() + 64);
    out.push(b'"');
    while let Some(at) = first(rest, needs_escape) {
        out.extend_from_slice(&rest[..at]);
        push_escaped(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[expect(
    clippy::needless_bitwise_bool,
    reason = "of branches the compiler makes a table of bits, which vectors cannot look up"
)]
fn needs_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 0xf)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

const NON_FINITE: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];

/// The text with each non-finite number outside of strings replaced by `null`; `None` when there was none.
fn without_non_finite(text: &[u8]) -> Option<Vec<u8>> {
    let mut cleaned = Vec::with_capacity(text.len());
    let (mut found, mut in_string, mut at) = (false, false, 0);
    while at < text.len() {
        let rest = &text[at..];
        let number = NON_FINITE
            .iter()
            .find(|number| !in_string && rest.starts_with(number));
        let (replacement, length): (&[u8], usize) = match (number, rest[0]) {
            (Some(number), _) => (b"null", number.len()),
            // An escape keeps its second byte with it, or `\"` would look like the end of the string.
            (None, b'\\') if in_string => (&rest[..rest.len().min(2)], 2),
            (None, _) => (&rest[..1], 1),
        };
        found |= number.is_some();
        in_string ^= rest[0] == b'"';
        cleaned.extend_from_slice(replacement);
        at += length;
    }
    found.then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Option<Value> {
        parse(text.as_bytes()).ok()
    }

    #[test]
    fn numbers_that_json_does_not_know_become_null() {
        assert_eq!(
            read(r#"{"a": NaN, "b": [-Infinity, Infinity, 1]}"#),
            Some(json!({"a": null, "b": [null, null, 1]}))
        );
    }

    #[test]
    fn strings_stay_as_they_are() {
        let text = r#"{"NaN": "NaN \" Infinity \\", "b": NaN}"#;
        assert_eq!(
            read(text),
            Some(json!({"NaN": "NaN \" Infinity \\", "b": null}))
        );
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        let every: String = (0..0x180).filter_map(char::from_u32).collect();
        let long = "x".repeat(96);
        for text in [
            "",
            "\"",
            "a\n",
            &every,
            &long,
            &format!("{long}\\{long}\n"),
            "€\u{2028}😀",
        ] {
            let mut out = b"before".to_vec();
            push_string(&mut out, text);
            let expected = format!("before{}", serde_json::to_string(text).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for text in [
            "", "{", "NaNNaN", "{NaN: 1}", "\"NaN", "\"\\", "[NaN,]", "\u{1}NaN",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
