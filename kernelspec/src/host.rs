use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A family of operating systems with rules of its own for where Jupyter's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux and the other systems that follow the XDG directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The platform that this program was compiled for.
    pub const fn current() -> Platform {
        if cfg!(windows) {
            Platform::Windows
        } else if cfg!(target_os = "macos") {
            Platform::MacOs
        } else {
            Platform::Linux
        }
    }

    /// What separates directories in a variable such as `JUPYTER_PATH`.
    pub(crate) const fn list_separator(self) -> char {
        if matches!(self, Platform::Windows) {
            ';'
        } else {
            ':'
        }
    }

    /// The variable that holds the user's home directory.
    pub(crate) const fn home_variable(self) -> &'static str {
        if matches!(self, Platform::Windows) {
            "USERPROFILE"
        } else {
            "HOME"
        }
    }
}

/// The machine as far as Jupyter's directories depend on it: a value, so that every platform is tested on each.
#[derive(Clone, Debug)]
pub struct Host {
    /// Whose rules hold.
    pub platform: Platform,
    /// Where the program that asks is: the environment that contains it is the active one, whatever the variables say.
    pub executable: PathBuf,
    variables: HashMap<OsString, OsString>,
}

impl Host {
    /// This process's machine and environment variables. `executable` is its own absolute path.
    pub fn current(executable: PathBuf) -> Host {
        Host {
            platform: Platform::current(),
            executable,
            variables: std::env::vars_os().collect(),
        }
    }

    /// A machine with these environment variables and no others.
    pub fn new<K, V>(
        platform: Platform,
        executable: PathBuf,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Host
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Host {
            platform,
            executable,
            variables,
        }
    }

    /// The value of an environment variable; an empty one counts as unset, as it does for Jupyter.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that names one directory.
    pub(crate) fn directory(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from)
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.directory(self.platform.home_variable())
    }
}
