use std::path::{Path, PathBuf};

use crate::Host;

/// The prefix of the active virtual or conda environment: the one that holds this program (`pip install everloop` in an
/// environment puts it there, activated or not), or else the one that the shell has activated.
pub(crate) fn active(host: &Host) -> Option<PathBuf> {
    containing(&host.executable)
        .map(Path::to_owned)
        .or_else(|| host.directory("VIRTUAL_ENV"))
        .or_else(|| host.directory("CONDA_PREFIX"))
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
    fn a_virtual_environment_comes_before_conda() {
        let executable = Path::new("/usr/bin/everloop");
        let both = [("CONDA_PREFIX", "/conda"), ("VIRTUAL_ENV", "/venv")];
        assert_eq!(active(&host(executable, &both)), Some("/venv".into()));
        assert_eq!(active(&host(executable, &both[..1])), Some("/conda".into()));
        assert_eq!(active(&host(executable, &[("VIRTUAL_ENV", "")])), None);
    }
}
