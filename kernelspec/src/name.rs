use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::Error;

/// The name by which Jupyter knows a kernel (`jupyter console --kernel NAME`), and the name of its directory. Jupyter
/// compares names in lower case, so they are kept so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelName(String);

impl Default for KernelName {
    fn default() -> Self {
        KernelName("everloop".to_owned())
    }
}

impl FromStr for KernelName {
    type Err = Error;

    /// The characters that `jupyter_client.kernelspec` accepts, without the names that mean another directory.
    fn from_str(name: &str) -> Result<Self, Error> {
        let allowed =
            |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let is_only_dots = name.chars().all(|character| character == '.');
        if is_only_dots || !name.chars().all(allowed) {
            return Err(Error::BadName {
                name: name.to_owned(),
            });
        }
        Ok(KernelName(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for KernelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<Path> for KernelName {
    fn as_ref(&self) -> &Path {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_jupyter_checks_them() {
        for good in ["everloop", "python3.14", "a_b-c", "7"] {
            assert_eq!(good.parse::<KernelName>().unwrap().to_string(), good);
        }
        for bad in ["", ".", "..", "a b", "a/b", r"a\b", "café", "a\nb"] {
            assert!(bad.parse::<KernelName>().is_err(), "{bad:?}");
        }
        assert_eq!(
            "EverLoop".parse::<KernelName>().unwrap(),
            KernelName::default()
        );
    }
}
