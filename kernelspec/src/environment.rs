use std::path::{Path, PathBuf};

use crate::{ENVIRONMENT_VARIABLE, Host};

/// The prefix of the active virtual or conda environment: the one that holds this program (`pip install everloop` in an
/// environment puts it there, activated or not), or else the one that the shell has activated.
pub(crate) fn active(host: &Host) -> Option<PathBuf> {
    containing(&host.executable)
        .map(Path::to_owned)
        .or_else(|| host.directory("VIRTUAL_ENV"))
        .or_else(|| host.directory("CONDA_PREFIX"))
}

/// The environment whose packages a kernel sees that starts on this host: the one that `EVERLOOP_ENVIRONMENT` names, as
/// `everloop install` records it, or else the one that the program itself was installed into, as a wheel is. `None`
/// where there is none, also where the named one is gone.
pub fn of_kernel(host: &Host) -> Option<PathBuf> {
    match host.directory(ENVIRONMENT_VARIABLE) {
        Some(named) => Some(named).filter(|prefix| prefix.is_dir()),
        None => around(&host.executable),
    }
}

/// The environment, or else the installation of Python, that a program was installed into.
pub(crate) fn around(executable: &Path) -> Option<PathBuf> {
    containing(executable)
        .or_else(|| python_around(executable))
        .map(Path::to_owned)
}

/// The prefix of an installation of Python, such as `~/.local` and `/usr/local`, in whose `bin` a program lies.
fn python_around(executable: &Path) -> Option<&Path> {
    let prefix = executable.parent()?.parent()?;
    let has_packages = |entry: std::fs::DirEntry| {
        let is_python = entry.file_name().to_string_lossy().starts_with("python3");
        // Debian's own Python has the second.
        is_python
            && ["site-packages", "dist-packages"]
                .iter()
                .any(|name| entry.path().join(name).is_dir())
    };
    let mut lib = std::fs::read_dir(prefix.join("lib")).ok()?.flatten();
    lib.any(has_packages).then_some(prefix)
}

/// The environment in whose `bin` (on Windows `Scripts`) a program lies.
fn containing(executable: &Path) -> Option<&Path> {
    let prefix = executable.parent()?.parent()?;
    let is_environment = prefix.join("pyvenv.cfg").is_file() || prefix.join("conda-meta").is_dir();
    is_environment.then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    fn host(executable: &Path, variables: &[(&str, &str)]) -> Host {
        Host::new(
            Platform::Linux,
            executable.to_owned(),
            variables.iter().copied(),
        )
    }

    #[test]
    fn the_environment_around_the_program_comes_before_the_activated_one() {
        let venv = tempfile::tempdir().unwrap();
        std::fs::write(venv.path().join("pyvenv.cfg"), "").unwrap();
        let inside = venv.path().join("bin").join("everloop");
        assert_eq!(
            active(&host(&inside, &[("VIRTUAL_ENV", "/other")])),
            Some(venv.path().to_owned())
        );
    }

    #[test]
    fn a_kernel_sees_the_named_environment_or_the_one_around_it() {
        let home = tempfile::tempdir().unwrap();
        let (venv, local) = (home.path().join("venv"), home.path().join(".local"));
        std::fs::create_dir(&venv).unwrap();
        std::fs::write(venv.join("pyvenv.cfg"), "").unwrap();
        std::fs::create_dir_all(local.join("lib/python3.12/site-packages")).unwrap();
        let seen = |program: &str, variables: &[(&str, &str)]| {
            of_kernel(&host(&home.path().join(program), variables))
        };
        // What a shell has activated says nothing about a kernel.
        let activated = ("VIRTUAL_ENV", "/other");
        assert_eq!(seen("venv/bin/everloop", &[activated]), Some(venv.clone()));
        assert_eq!(seen(".local/bin/everloop", &[activated]), Some(local));
        assert_eq!(seen("bin/everloop", &[activated]), None);
        let named = (ENVIRONMENT_VARIABLE, venv.to_str().unwrap());
        assert_eq!(seen(".local/bin/everloop", &[named]), Some(venv.clone()));
        let gone = (ENVIRONMENT_VARIABLE, "/no/such/environment");
        assert_eq!(seen("venv/bin/everloop", &[gone]), None);
        let empty = (ENVIRONMENT_VARIABLE, "");
        assert_eq!(seen("venv/bin/everloop", &[empty]), Some(venv));
    }

    #[test]
    fn a_virtual_environment_comes_before_conda() {
        let executable = Path::new("/usr/bin/everloop");
        let both = [("CONDA_PREFIX", "/conda"), ("VIRTUAL_ENV", "/venv")];
        assert_eq!(active(&host(executable, &both)), Some("/venv".into()));
        assert_eq!(active(&host(executable, &both[..1])), Some("/conda".into()));
        assert_eq!(active(&host(executable, &[("VIRTUAL_ENV", "")])), None);
    }
}
