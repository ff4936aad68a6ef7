//! Text that is written without memory of the heap, since it may be the heap that is broken.

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

const CAPACITY: usize = 16 * 1024;

/// Text of a limited length. Writing more is an error, and what fits stays.
pub(crate) struct Text {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Text {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Forgets what is behind the first `len` bytes, which end where a character does.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = CAPACITY - self.len;
        let fits = text.floor_char_boundary(room.min(text.len()));
        self.bytes[self.len..self.len + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

/// A [`Text`] of the process. Who finds it taken does without: a handler of signals cannot wait.
pub(crate) struct TextCell {
    is_taken: AtomicBool,
    text: UnsafeCell<Text>,
}

#[expect(unsafe_code, reason = "a lock that nobody waits for")]
// SAFETY: `text` is reached by the one who has set `is_taken`.
unsafe impl Sync for TextCell {}

impl TextCell {
    pub(crate) const fn new() -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            text: UnsafeCell::new(Text {
                bytes: [0; CAPACITY],
                len: 0,
            }),
        }
    }

    /// Lets `write` fill the text anew. Safe in a handler of signals.
    pub(crate) fn write(&self, write: impl FnOnce(&mut Text)) {
        self.with(|text| {
            text.len = 0;
            write(text);
        });
    }

    /// What was written last.
    pub(crate) fn read(&self) -> String {
        let text = self.with(|text| String::from_utf8_lossy(text.as_bytes()).into_owned());
        text.unwrap_or_default()
    }

    fn with<T>(&self, action: impl FnOnce(&mut Text) -> T) -> Option<T> {
        if self.is_taken.swap(true, Ordering::Acquire) {
            return None;
        }
        #[expect(unsafe_code, reason = "a lock that nobody waits for")]
        // SAFETY: nobody else has set `is_taken`, and nobody gets past it before it is cleared.
        let result = action(unsafe { &mut *self.text.get() });
        self.is_taken.store(false, Ordering::Release);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn text_is_replaced_and_what_does_not_fit_is_left_out() {
        static TEXT: TextCell = TextCell::new();
        TEXT.write(|text| write!(text, "signal {}", 11).unwrap());
        assert_eq!(TEXT.read(), "signal 11");
        TEXT.write(|text| assert!(text.write_str(&"é".repeat(CAPACITY)).is_err()));
        assert_eq!(TEXT.read(), "é".repeat(CAPACITY / 2));
    }

    #[test]
    fn who_finds_it_taken_does_without() {
        static TEXT: TextCell = TextCell::new();
        TEXT.write(|text| {
            text.write_str("outer").unwrap();
            TEXT.write(|_| panic!("taken twice"));
        });
        assert_eq!(TEXT.read(), "outer");
    }
}
