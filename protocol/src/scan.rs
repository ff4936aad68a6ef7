//! Looking for a byte in a large text, at the speed of memory.

const LANES: usize = 32;

/// Where the first byte is of which `is_wanted` holds. That has to be a comparison of bytes or a few, without a branch.
pub fn first(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (chunks, _) = bytes.as_chunks::<LANES>();
    let mut passed = 0;
    for chunk in chunks {
        // Without a branch for each byte, so that it becomes one comparison of vectors.
        let is_found = chunk
            .iter()
            .fold(false, |found, &byte| found | is_wanted(byte));
        if is_found {
            break;
        }
        passed += LANES;
    }
    let found = bytes[passed..].iter().position(|&byte| is_wanted(byte))?;
    Some(passed + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..3 * LANES {
            let mut bytes = vec![b'.'; length];
            assert_eq!(first(&bytes, |byte| byte == b'!'), None);
            for at in (0..length).rev() {
                bytes[at] = b'!';
                assert_eq!(first(&bytes, |byte| byte == b'!'), Some(at));
            }
        }
    }
}
