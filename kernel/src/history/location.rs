//! Where the history is kept.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Names another file, or `:memory:`.
const OVERRIDE: &str = "EVERLOOP_HISTORY";

/// A place for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// It ends with the process.
    Memory,
    /// An SQLite file, which is made with its directory if it is not there.
    File(PathBuf),
}

impl Location {
    /// What the environment asks for: `EVERLOOP_HISTORY` (a path or `:memory:`), else the file of IPython's default
    /// profile in `IPYTHONDIR` or `~/.ipython`, else memory.
    pub fn from_env() -> Self {
        Self::of(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        match variable(OVERRIDE) {
            Some(value) if value == ":memory:" => return Self::Memory,
            Some(path) => return Self::File(path.into()),
            None => {}
        }
        let home = |name| variable(name).map(PathBuf::from);
        let ipython = home("IPYTHONDIR").or_else(|| {
            let home = home(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
            Some(home.join(".ipython"))
        });
        ipython.map_or(Self::Memory, |ipython| {
            Self::File(ipython.join("profile_default").join("history.sqlite"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(variables: &[(&str, &str)]) -> Location {
        Location::of(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_environment_decides() {
        let directory = ("IPYTHONDIR", "/ipython");
        let file = |path: &str| Location::File(path.into());
        assert_eq!(
            location(&[(OVERRIDE, ":memory:"), directory]),
            Location::Memory
        );
        assert_eq!(
            location(&[(OVERRIDE, "/a/h.db"), directory]),
            file("/a/h.db")
        );
        assert_eq!(
            location(&[directory]),
            file("/ipython/profile_default/history.sqlite")
        );
        assert_eq!(location(&[]), Location::Memory);
    }

    #[cfg(unix)]
    #[test]
    fn without_a_word_it_is_the_file_of_ipython() {
        let expected = Location::File("/home/u/.ipython/profile_default/history.sqlite".into());
        assert_eq!(location(&[("HOME", "/home/u")]), expected);
    }
}
