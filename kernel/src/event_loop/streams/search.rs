//! Where a message ends.

/// What a look for the end of a message found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// The message, separator included, has this length.
    Found(usize),
    /// The message is longer than the limit: the separator begins here.
    TooLong(usize),
    /// There is no separator in more bytes than the limit: so many of them are none.
    Overrun(usize),
    /// The separator is not there yet; it does not begin before this offset.
    Missing(usize),
}

/// Looks for the first `separator` in `bytes` from `offset` on (`StreamReader.readuntil`).
pub(super) fn find(bytes: &[u8], separator: &[u8], offset: usize, limit: usize) -> Search {
    if bytes.len() < offset + separator.len() {
        return Search::Missing(offset);
    }
    if let Some(start) = position(&bytes[offset..], separator).map(|start| start + offset) {
        if start > limit {
            return Search::TooLong(start);
        }
        return Search::Found(start + separator.len());
    }
    // The last bytes may be the beginning of a separator.
    let offset = bytes.len() + 1 - separator.len();
    if offset > limit {
        return Search::Overrun(offset);
    }
    Search::Missing(offset)
}

fn position(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    let (first, rest) = separator.split_first()?;
    let last = bytes.len().checked_sub(rest.len())?;
    let mut from = 0;
    while let Some(start) = bytes[from..last].iter().position(|byte| byte == first) {
        let start = from + start;
        if bytes[start + 1..].starts_with(rest) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_separator_ends_the_message() {
        assert_eq!(find(b"ab\ncd\n", b"\n", 0, 9), Search::Found(3));
        assert_eq!(find(b"a\rb\r\nc", b"\r\n", 0, 9), Search::Found(5));
        assert_eq!(find(b"\n", b"\n", 0, 9), Search::Found(1));
    }

    #[test]
    fn half_a_separator_is_looked_at_again() {
        assert_eq!(find(b"abXX", b"XXY", 0, 9), Search::Missing(2));
        assert_eq!(find(b"abXXY", b"XXY", 2, 9), Search::Found(5));
        assert_eq!(find(b"", b"XXY", 0, 9), Search::Missing(0));
    }

    #[test]
    fn the_limit_counts_without_the_separator() {
        assert_eq!(find(b"abc\n", b"\n", 0, 3), Search::Found(4));
        assert_eq!(find(b"abc\n", b"\n", 0, 2), Search::TooLong(3));
        assert_eq!(find(b"abc", b"\n", 0, 3), Search::Missing(3));
        assert_eq!(find(b"abc", b"\n", 0, 2), Search::Overrun(3));
    }
}
