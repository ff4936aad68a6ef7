use std::path::{Path, PathBuf};

use crate::{Error, Host, directories, environment};

/// Which of Jupyter's data directories a kernelspec goes into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Location {
    /// The user's own (`--user`), which every Jupyter of this user reads.
    #[default]
    User,
    /// The active virtual or conda environment's (`--sys-prefix`).
    SysPrefix,
    /// That of the Python installation or environment at this directory (`--prefix`).
    Prefix(PathBuf),
}

/// A location on a certain host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The directory that holds one directory for each kernel.
    pub(crate) kernels: PathBuf,
    /// The environment whose packages the kernel shall see.
    pub(crate) environment: Option<PathBuf>,
}

impl Location {
    pub(crate) fn on(&self, host: &Host) -> Result<Target, Error> {
        let prefix = match self {
            Location::User => {
                let kernels = directories::kernels(&directories::user(host)?);
                // Nobody asked for the environment; one that was deleted under an open shell is no failure.
                let environment =
                    environment::active(host).and_then(|prefix| existing(&prefix).ok());
                return Ok(Target {
                    kernels,
                    environment,
                });
            }
            Location::SysPrefix => {
                existing(&environment::active(host).ok_or(Error::NoEnvironment)?)?
            }
            Location::Prefix(prefix) => existing(prefix)?,
        };
        let kernels = directories::kernels(&directories::of_prefix(&prefix));
        Ok(Target {
            kernels,
            environment: Some(prefix),
        })
    }
}

/// The prefix as an absolute path, for a kernel starts in the notebook's directory. A prefix is never created: a
/// directory that is not there is a slip of the pen.
fn existing(prefix: &Path) -> Result<PathBuf, Error> {
    if !prefix.is_dir() {
        return Err(Error::NoPrefix {
            path: prefix.to_owned(),
        });
    }
    std::path::absolute(prefix).map_err(Error::io("read", prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    fn host(variables: &[(&str, &str)]) -> Host {
        Host::new(
            Platform::Linux,
            PathBuf::from("/nowhere/everloop"),
            variables.iter().copied(),
        )
    }

    #[test]
    fn user_records_the_active_environment_and_nothing_without_one() {
        let target = Location::User.on(&host(&[("HOME", "/home/ada")])).unwrap();
        assert_eq!(
            target.kernels,
            Path::new("/home/ada/.local/share/jupyter/kernels")
        );
        assert_eq!(target.environment, None);
        let environment = tempfile::tempdir().unwrap();
        let recorded = |variable: &str| {
            let host = host(&[("HOME", "/home/ada"), ("VIRTUAL_ENV", variable)]);
            Location::User.on(&host).unwrap().environment
        };
        let path = environment.path();
        assert_eq!(recorded(path.to_str().unwrap()), Some(path.to_owned()));
        assert_eq!(recorded("/no/such/environment"), None);
    }

    #[test]
    fn a_prefix_is_made_absolute_and_recorded() {
        let target = Location::Prefix("src".into()).on(&host(&[])).unwrap();
        let here = std::env::current_dir().unwrap().join("src");
        assert_eq!(target.kernels, here.join("share/jupyter/kernels"));
        assert_eq!(target.environment, Some(here));
    }

    #[test]
    fn sys_prefix_needs_an_environment_that_exists() {
        assert!(matches!(
            Location::SysPrefix.on(&host(&[])),
            Err(Error::NoEnvironment)
        ));
        let gone = host(&[("CONDA_PREFIX", "/no/such/environment")]);
        let error = Location::SysPrefix.on(&gone).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no such prefix: /no/such/environment is not a directory"
        );
    }
}
