//! Which messages have been received before.

use std::collections::{HashSet, VecDeque};

/// How many messages are remembered: as many as `jupyter_client` does.
pub const REMEMBERED: usize = 1 << 16;

/// The digests of the messages that came last. It grows to at most 4 MB.
///
/// Half of a digest is kept, 128 bits: nobody finds two that begin alike.
#[derive(Debug, Default)]
pub(crate) struct Received {
    digests: HashSet<u128>,
    oldest_first: VecDeque<u128>,
}

impl Received {
    /// Remembers a digest; false if it was there.
    pub(crate) fn is_new(&mut self, digest: &[u8; 32]) -> bool {
        let (first_half, _) = digest
            .split_first_chunk()
            .expect("32 bytes are two times 16");
        let digest = u128::from_ne_bytes(*first_half);
        if !self.digests.insert(digest) {
            return false;
        }
        if self.oldest_first.len() == REMEMBERED {
            let oldest = self.oldest_first.pop_front();
            oldest.map(|oldest| self.digests.remove(&oldest));
        }
        self.oldest_first.push_back(digest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> [u8; 32] {
        let mut digest = [7; 32];
        digest[..8].copy_from_slice(&number.to_ne_bytes());
        digest
    }

    #[test]
    fn what_came_is_known_until_many_others_came() {
        let mut received = Received::default();
        for number in 0..REMEMBERED {
            assert!(received.is_new(&digest(number)));
        }
        assert!(!received.is_new(&digest(0)));
        assert!(received.is_new(&digest(REMEMBERED)));
        assert!(received.is_new(&digest(0)));
        assert!(!received.is_new(&digest(REMEMBERED)));
        assert_eq!(received.digests.len(), REMEMBERED);
        assert_eq!(received.oldest_first.len(), REMEMBERED);
    }
}
