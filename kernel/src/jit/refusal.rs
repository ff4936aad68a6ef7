//! Why a function is not compiled.

/// A construct that compiled code does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// As a reader would name it: "a string", "`try`".
    pub(crate) what: String,
    /// The line of the source, counted from 1; `None` for the function as a whole.
    pub(crate) line: Option<usize>,
}

impl Refusal {
    pub(crate) fn of_all(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            line: None,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.line {
            Some(line) => write!(f, " in line {line}"),
            None => Ok(()),
        }
    }
}
