use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::logos::LOGOS;
use crate::{Error, Host, KernelName, KernelSpec, Location};

/// Removes a kernelspec of everloop and returns the directory that held it. A kernel of another origin is left alone,
/// and so are files that everloop did not write (the directory then stays).
pub fn uninstall(location: &Location, name: &KernelName, host: &Host) -> Result<PathBuf, Error> {
    let directory = location.on(host)?.kernels.join(name);
    if !directory.join("kernel.json").exists() {
        return Err(Error::NotInstalled { directory });
    }
    if !KernelSpec::read(&directory).is_some_and(|spec| spec.is_ours()) {
        return Err(Error::Foreign { directory });
    }
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
    match fs::remove_dir(&directory) {
        Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
            Err(Error::io("remove", &directory)(error))
        }
        _ => Ok(directory),
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
        let (location, name) = (Location::Prefix(prefix.to_owned()), KernelName::default());
        let installation = Installation {
            location: location.clone(),
            name: name.clone(),
            display_name: "Python (everloop)".to_owned(),
            env: Vec::new(),
        };
        let directory = install(&installation, &host()).unwrap();
        (location, name, directory)
    }

    #[test]
    fn nothing_is_left_and_a_second_time_is_an_error() {
        let prefix = tempfile::tempdir().unwrap();
        let (location, name, directory) = installed(prefix.path());
        assert_eq!(uninstall(&location, &name, &host()).unwrap(), directory);
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
