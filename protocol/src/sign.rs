//! Message signatures: the hexadecimal HMAC of the four JSON frames.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// The one signature scheme in use; it is what the connection file names.
pub const HMAC_SHA256: &str = "hmac-sha256";

/// The signature scheme of the connection file is none that we can compute.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("signature scheme {scheme:?} is not supported, only {HMAC_SHA256:?} is")]
pub struct SchemeError {
    /// The scheme that was asked for.
    pub scheme: String,
}

/// Signs and verifies with one key. Without a key nothing is signed and everything is accepted, as the specification
/// has it.
#[derive(Clone)]
pub struct Signer {
    mac: Option<Hmac<Sha256>>,
}

impl Signer {
    /// A signer for the key and scheme of a connection file.
    ///
    /// # Errors
    ///
    /// The scheme is unknown. An empty key signs nothing, so its scheme does not matter.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of every length")]
    pub fn new(key: &[u8], scheme: &str) -> Result<Self, SchemeError> {
        if key.is_empty() {
            return Ok(Self { mac: None });
        }
        if scheme != HMAC_SHA256 {
            return Err(SchemeError {
                scheme: scheme.to_owned(),
            });
        }
        let mac = Hmac::new_from_slice(key).expect("HMAC takes keys of every length");
        Ok(Self { mac: Some(mac) })
    }

    /// The signature frame for header, parent header, metadata and content; empty without a key.
    #[must_use]
    pub fn sign(&self, parts: [&[u8]; 4]) -> String {
        self.digest(parts)
            .map(|mac| hex::encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    /// Whether the signature belongs to these bytes. The time it takes does not depend on where they differ.
    #[must_use]
    pub fn verify(&self, signature: &[u8], parts: [&[u8]; 4]) -> bool {
        let Some(mac) = self.digest(parts) else {
            return true;
        };
        digest_in(signature).is_some_and(|digest| mac.verify(&digest.into()).is_ok())
    }

    /// Whether there is a key, so that signatures say who sends.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.mac.is_some()
    }

    fn digest(&self, parts: [&[u8]; 4]) -> Option<Hmac<Sha256>> {
        let mut mac = self.mac.clone()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }
}

/// The digest that a signature frame writes in hexadecimal digits.
pub(crate) fn digest_in(signature: &[u8]) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(signature, &mut digest).ok()?;
    Some(digest)
}

impl std::fmt::Debug for Signer {
    /// Says whether there is a key, and keeps it to itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("has_key", &self.has_key())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [&[u8]; 4] = [b"{}", b"{}", b"{}", b"{}"];

    #[test]
    fn the_signature_is_the_one_that_python_computes() {
        // hmac.new(b"secret", b"{}" * 4, hashlib.sha256).hexdigest()
        let signer = Signer::new(b"secret", HMAC_SHA256).unwrap();
        assert_eq!(
            signer.sign(PARTS),
            "34982f0bfec60e7b933ffde06c1ecab0fba073717a95ab943d1dd06f82c2d5e4"
        );
    }

    #[test]
    fn only_the_signature_of_these_bytes_is_accepted() {
        let signer = Signer::new(b"secret", HMAC_SHA256).unwrap();
        let signature = signer.sign(PARTS);
        assert!(signer.verify(signature.as_bytes(), PARTS));
        assert!(!signer.verify(signature.as_bytes(), [b"{}", b"{}", b"{}", b"{ }"]));
        assert!(!signer.verify(&signature.as_bytes()[..62], PARTS));
        assert!(!signer.verify(b"", PARTS));
        assert!(!signer.verify(b"not hexadecimal \xff", PARTS));
        assert!(
            !Signer::new(b"other", HMAC_SHA256)
                .unwrap()
                .verify(signature.as_bytes(), PARTS)
        );
    }

    #[test]
    fn without_a_key_nothing_is_signed_or_refused() {
        let signer = Signer::new(b"", "").unwrap();
        assert_eq!(signer.sign(PARTS), "");
        assert!(signer.verify(b"anything", PARTS));
    }

    #[test]
    fn an_unknown_scheme_is_an_error() {
        let error = Signer::new(b"secret", "hmac-md5").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"signature scheme "hmac-md5" is not supported, only "hmac-sha256" is"#
        );
    }
}
