use std::io;
use std::path::{Path, PathBuf};

/// Why a kernelspec could not be installed, removed or listed. Each is one line for the person who asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Jupyter and file systems accept only some characters in the name of a kernel.
    #[error("`{name}` cannot name a kernel: use letters, digits, `.`, `_` and `-`")]
    BadName {
        /// The name that was asked for.
        name: String,
    },
    /// `--env` got something else than `NAME=VALUE`.
    #[error("`{text}` is not an environment variable: write NAME=VALUE")]
    BadAssignment {
        /// The argument as it was given.
        text: String,
    },
    /// There is no user's data directory because nothing says where the user's files are.
    #[error("there is no home directory: set {variable} or JUPYTER_DATA_DIR")]
    NoHome {
        /// The variable that would have said it on this platform.
        variable: &'static str,
    },
    /// `--sys-prefix` without an environment.
    #[error(
        "no environment is active (VIRTUAL_ENV and CONDA_PREFIX are not set): activate one, or use --prefix DIR"
    )]
    NoEnvironment,
    /// The prefix does not exist, or is a file.
    #[error("no such prefix: {} is not a directory", path.display())]
    NoPrefix {
        /// The directory that was asked for.
        path: PathBuf,
    },
    /// A kernel of this name exists and something else than everloop installed it.
    #[error("{} belongs to another kernel: choose another --name", directory.display())]
    Foreign {
        /// The kernel's directory.
        directory: PathBuf,
    },
    /// There is nothing to remove.
    #[error("no kernel is installed in {}", directory.display())]
    NotInstalled {
        /// Where the kernel would have been.
        directory: PathBuf,
    },
    /// kernel.json is JSON, which is Unicode; this path is not.
    #[error("kernel.json cannot hold the path {}: it is not Unicode", path.display())]
    NotUnicode {
        /// The path.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `create`, `read`, `write`, `remove`.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the file system answered.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: which step on which path failed.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    }
}
