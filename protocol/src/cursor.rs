//! `cursor_pos` counts Unicode code points since protocol 5.2; Rust strings are indexed by bytes.

/// The byte at which the cursor stands. `None` and whatever lies behind the end are the end of the code.
#[must_use]
pub fn byte_offset(code: &str, cursor_pos: Option<usize>) -> usize {
    cursor_pos
        .and_then(|cursor| code.char_indices().nth(cursor))
        .map_or(code.len(), |(byte, _)| byte)
}

/// How many code points stand before this byte. A byte within a character counts as the character's first.
#[must_use]
pub fn code_points(code: &str, byte_offset: usize) -> usize {
    code.char_indices()
        .take_while(|(byte, c)| byte + c.len_utf8() <= byte_offset)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_code_points() {
        let code = "a🦀é.b";
        for (cursor, byte) in [(0, 0), (1, 1), (2, 5), (3, 7), (4, 8), (5, 9)] {
            assert_eq!(byte_offset(code, Some(cursor)), byte);
            assert_eq!(code_points(code, byte), cursor);
        }
    }

    #[test]
    fn a_position_that_is_absent_or_too_far_is_the_end() {
        assert_eq!(byte_offset("é", None), 2);
        assert_eq!(byte_offset("é", Some(99)), 2);
        assert_eq!(code_points("é", 99), 1);
        assert_eq!(code_points("é", 1), 0);
    }
}
