use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::logos::LOGOS;
use crate::{Error, Host, KernelName, KernelSpec, Location, directories, list, packages};

/// What `everloop uninstall` removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The directory of the kernelspec.
    pub directory: PathBuf,
    /// The packages that `%pip` had installed for this kernel, where there were some and no other kernel uses them.
    pub packages: Option<PathBuf>,
}

/// Removes a kernelspec of everloop, and the packages of its own when it was the last one that used them. A kernel of
/// another origin is left alone, and so are files that everloop did not write (the directory then stays).
pub fn uninstall(location: &Location, name: &KernelName, host: &Host) -> Result<Removed, Error> {
    let kernels = location.on(host)?.kernels;
    let directory = kernels.join(name);
    if !directory.join("kernel.json").exists() {
        return Err(Error::NotInstalled { directory });
    }
    let spec = KernelSpec::read(&directory)
        .filter(KernelSpec::is_ours)
        .ok_or_else(|| Error::Foreign {
            directory: directory.clone(),
        })?;
    // While the directory is there: a wheel's kernelspec names its program from it.
    let environment = spec.environment(&directory);
    remove_kernelspec(&directory)?;
    let packages = packages::of_kernels(environment.as_deref(), host).filter(|packages| {
        packages.is_dir() && !is_used(packages, &kernels, environment.as_deref(), host)
    });
    if let Some(packages) = &packages {
        fs::remove_dir_all(packages).map_err(Error::io("remove", packages))?;
    }
    Ok(Removed {
        directory,
        packages,
    })
}

/// Whether a kernel that is still installed has these packages: one that Jupyter can see, one of the same location, or
/// one in the environment.
fn is_used(packages: &Path, kernels: &Path, environment: Option<&Path>, host: &Host) -> bool {
    let in_environment =
        environment.map(|prefix| directories::kernels(&directories::of_prefix(prefix)));
    let beside = [Some(kernels.to_owned()), in_environment];
    let mut others = list::list(host).into_iter().chain(
        beside
            .iter()
            .flatten()
            .flat_map(|kernels| list::list_in(kernels)),
    );
    others.any(|kernel| {
        let environment = kernel.spec.environment(&kernel.directory);
        packages::of_kernels(environment.as_deref(), host).as_deref() == Some(packages)
    })
}

fn remove_kernelspec(directory: &Path) -> Result<(), Error> {
    // kernel.json first: from here on Jupyter does not see the kernel any more.
    for file in ["kernel.json"]
        .into_iter()
        .chain(LOGOS.map(|(name, _)| name))
    {
        let path = directory.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    match fs::remove_dir(directory) {
        Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
            Err(Error::io("remove", directory)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Installation, Platform, install};
    use std::path::Path;

    fn host() -> Host {
        Host::new(
            Platform::Linux,
            PathBuf::from("/opt/everloop"),
            [("HOME", "/nowhere")],
        )
    }

    fn installed(prefix: &Path) -> (Location, KernelName, PathBuf) {
        installed_as("everloop", prefix)
    }

    fn installed_as(name: &str, prefix: &Path) -> (Location, KernelName, PathBuf) {
        let (location, name) = (Location::Prefix(prefix.to_owned()), name.parse().unwrap());
        let installation = Installation {
            location,
            name,
            display_name: "Python (everloop)".to_owned(),
            env: Vec::new(),
        };
        let directory = install(&installation, &host()).unwrap();
        (installation.location, installation.name, directory)
    }

    #[test]
    fn packages_go_with_the_last_kernel_that_uses_them() {
        let prefix = tempfile::tempdir().unwrap();
        let packages = prefix.path().join("share/everloop");
        fs::create_dir_all(packages.join("lib/python3.14/site-packages/rich")).unwrap();
        let (location, name, _) = installed(prefix.path());
        let (_, other, _) = installed_as("other", prefix.path());
        let removed = |name| uninstall(&location, name, &host()).unwrap().packages;
        assert_eq!(removed(&name), None);
        assert!(packages.is_dir());
        assert_eq!(removed(&other), Some(packages.clone()));
        assert!(!packages.exists());
        installed(prefix.path());
        assert_eq!(removed(&name), None);
    }

    #[test]
    fn packages_of_a_kernel_elsewhere_stay() {
        let home = tempfile::tempdir().unwrap();
        let (venv, user) = (home.path().join("venv"), home.path().join("home"));
        let packages = venv.join("share/everloop");
        fs::create_dir_all(&packages).unwrap();
        fs::create_dir(&user).unwrap();
        let variables = [("HOME", &user), ("VIRTUAL_ENV", &venv)];
        let host = Host::new(Platform::Linux, "/opt/everloop".into(), variables);
        for location in [Location::User, Location::SysPrefix] {
            let installation = Installation {
                location,
                name: KernelName::default(),
                display_name: String::new(),
                env: Vec::new(),
            };
            install(&installation, &host).unwrap();
        }
        // Jupyter, outside of the environment, sees the user's alone.
        let outside = Host::new(Platform::Linux, "/opt/everloop".into(), [("HOME", &user)]);
        let removed = |location, host: &Host| {
            uninstall(&location, &KernelName::default(), host)
                .unwrap()
                .packages
        };
        assert_eq!(removed(Location::User, &outside), None);
        assert_eq!(removed(Location::SysPrefix, &host), Some(packages));
    }

    #[test]
    fn nothing_is_left_and_a_second_time_is_an_error() {
        let prefix = tempfile::tempdir().unwrap();
        let (location, name, directory) = installed(prefix.path());
        let removed = Removed {
            directory: directory.clone(),
            packages: None,
        };
        assert_eq!(uninstall(&location, &name, &host()).unwrap(), removed);
        assert!(!directory.exists());
        assert!(matches!(
            uninstall(&location, &name, &host()),
            Err(Error::NotInstalled { .. })
        ));
    }

    #[test]
    fn files_of_others_stay() {
        let prefix = tempfile::tempdir().unwrap();
        let (location, name, directory) = installed(prefix.path());
        fs::write(directory.join("notes.txt"), "mine").unwrap();
        uninstall(&location, &name, &host()).unwrap();
        let left: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["notes.txt"]);
    }

    #[test]
    fn a_foreign_kernel_stays() {
        let prefix = tempfile::tempdir().unwrap();
        let (location, name, directory) = installed(prefix.path());
        fs::write(directory.join("kernel.json"), "{}").unwrap();
        assert!(matches!(
            uninstall(&location, &name, &host()),
            Err(Error::Foreign { .. })
        ));
        assert!(directory.join("kernel.json").exists());
    }
}
