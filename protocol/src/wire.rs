//! Framing: which frame of a multipart message is what.
//!
//! ```text
//! identity*  <IDS|MSG>  signature  header  parent_header  metadata  content  buffer*
//! ```
//!
//! See "The Wire Protocol" in the specification. On iopub the place of the identities is taken by one topic.

use bytes::Bytes;
use thiserror::Error;

/// The frame that stands between the routing identities and the message.
pub const DELIMITER: &[u8] = b"<IDS|MSG>";

/// The frames of one message, sorted by their meaning and not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frames {
    /// Routing identities, or the topic on iopub.
    pub identities: Vec<Bytes>,
    /// Hexadecimal HMAC of the next four; empty when the connection has no key.
    pub signature: Bytes,
    /// JSON of the header.
    pub header: Bytes,
    /// JSON of the parent's header, `{}` when there is no parent.
    pub parent_header: Bytes,
    /// JSON of the metadata.
    pub metadata: Bytes,
    /// JSON of the content.
    pub content: Bytes,
    /// Raw data behind the message; not signed.
    pub buffers: Vec<Bytes>,
}

/// A multipart message that is no Jupyter message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    /// No frame is the delimiter.
    #[error("no <IDS|MSG> delimiter in {frames} frames")]
    NoDelimiter {
        /// How many frames came.
        frames: usize,
    },
    /// Something is missing behind the delimiter.
    #[error("{frames} frames behind the delimiter, at least 5 belong there")]
    TooFew {
        /// How many frames follow the delimiter.
        frames: usize,
    },
}

impl Frames {
    /// Finds each part's place.
    ///
    /// # Errors
    ///
    /// The delimiter or one of the five frames that have to follow it is missing.
    pub fn split(mut frames: Vec<Bytes>) -> Result<Self, FrameError> {
        let Some(delimiter) = frames.iter().position(|frame| frame == DELIMITER) else {
            return Err(FrameError::NoDelimiter {
                frames: frames.len(),
            });
        };
        let mut parts = frames.split_off(delimiter).into_iter().skip(1);
        let too_few = FrameError::TooFew {
            frames: parts.len(),
        };
        let mut next = || parts.next().ok_or_else(|| too_few.clone());
        Ok(Self {
            identities: frames,
            signature: next()?,
            header: next()?,
            parent_header: next()?,
            metadata: next()?,
            content: next()?,
            buffers: parts.collect(),
        })
    }

    /// The frames in the order in which they are sent.
    #[must_use]
    pub fn join(self) -> Vec<Bytes> {
        let mut frames = self.identities;
        frames.reserve_exact(6 + self.buffers.len());
        frames.push(Bytes::from_static(DELIMITER));
        frames.extend([
            self.signature,
            self.header,
            self.parent_header,
            self.metadata,
            self.content,
        ]);
        frames.extend(self.buffers);
        frames
    }

    /// The four parts that the signature covers.
    #[must_use]
    pub fn signed_parts(&self) -> [&[u8]; 4] {
        [
            &self.header,
            &self.parent_header,
            &self.metadata,
            &self.content,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(parts: &[&'static str]) -> Vec<Bytes> {
        parts
            .iter()
            .map(|part| Bytes::from_static(part.as_bytes()))
            .collect()
    }

    #[test]
    fn identities_and_buffers_are_kept_apart_from_the_message() {
        let parts = frames(&[
            "client",
            "route",
            "<IDS|MSG>",
            "sig",
            "h",
            "p",
            "m",
            "c",
            "one",
            "",
            "<IDS|MSG>",
        ]);
        let split = Frames::split(parts.clone()).unwrap();
        assert_eq!(split.identities, frames(&["client", "route"]));
        assert_eq!(split.signed_parts(), [b"h", b"p", b"m", b"c"]);
        assert_eq!(split.buffers, frames(&["one", "", "<IDS|MSG>"]));
        assert_eq!(split.join(), parts);
    }

    #[test]
    fn a_message_of_four_parts_is_an_error() {
        let error = Frames::split(frames(&["<IDS|MSG>", "sig", "h", "p"])).unwrap_err();
        assert_eq!(error, FrameError::TooFew { frames: 3 });
    }

    #[test]
    fn frames_without_a_delimiter_are_an_error() {
        assert_eq!(
            Frames::split(vec![]).unwrap_err(),
            FrameError::NoDelimiter { frames: 0 }
        );
        let error = Frames::split(frames(&["a", "b", "c", "d", "e", "f", "g"])).unwrap_err();
        assert_eq!(error.to_string(), "no <IDS|MSG> delimiter in 7 frames");
    }
}
