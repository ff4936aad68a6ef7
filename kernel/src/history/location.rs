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
    /// What the environment asks for: `EVERLOOP_HISTORY` (a path or `:memory:`), else `everloop/history.sqlite` in
    /// `JUPYTER_DATA_DIR` or in the user's data directory, else memory.
    pub fn from_env() -> Self {
        Self::of(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        match variable(OVERRIDE) {
            Some(value) if value == ":memory:" => return Self::Memory,
            Some(path) => return Self::File(path.into()),
            None => {}
        }
        match variable("JUPYTER_DATA_DIR")
            .map(PathBuf::from)
            .or_else(|| user_data(&variable))
        {
            Some(data) => Self::File(data.join("everloop").join("history.sqlite")),
            None => Self::Memory,
        }
    }
}

/// The user's data directory by the habits of the platform.
fn user_data(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if cfg!(windows) {
        return variable("APPDATA").map(PathBuf::from);
    }
    let home = variable("HOME").map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return Some(home?.join("Library").join("Application Support"));
    }
    let data = variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    data.or_else(|| Some(home?.join(".local").join("share")))
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
        let data = ("JUPYTER_DATA_DIR", "/data");
        let file = |path: &str| Location::File(path.into());
        assert_eq!(location(&[(OVERRIDE, ":memory:"), data]), Location::Memory);
        assert_eq!(location(&[(OVERRIDE, "/a/h.db"), data]), file("/a/h.db"));
        assert_eq!(location(&[data]), file("/data/everloop/history.sqlite"));
        assert_eq!(location(&[]), Location::Memory);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_data_directory_is_the_one_of_the_desktop_specification() {
        let home = ("HOME", "/home/u");
        let file = |path: &str| Location::File(path.into());
        assert_eq!(
            location(&[home]),
            file("/home/u/.local/share/everloop/history.sqlite")
        );
        assert_eq!(
            location(&[home, ("XDG_DATA_HOME", "/x")]),
            file("/x/everloop/history.sqlite")
        );
        assert_eq!(
            location(&[home, ("XDG_DATA_HOME", "relative")]),
            file("/home/u/.local/share/everloop/history.sqlite")
        );
    }
}
