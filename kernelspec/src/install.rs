use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::location::Target;
use crate::logos::LOGOS;
use crate::{Assignment, ENVIRONMENT_VARIABLE, Error, Host, KernelName, KernelSpec, Location};

/// What `everloop install` was asked for.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Into which data directory.
    pub location: Location,
    /// Under which name.
    pub name: KernelName,
    /// What people see.
    pub display_name: String,
    /// Environment variables of the kernel, later ones winning; they win over those that everloop records itself.
    pub env: Vec<Assignment>,
}

/// Writes the kernelspec of the program `host.executable` and returns the directory that holds it. An earlier
/// kernelspec of everloop is replaced; one of another kernel is left alone.
pub fn install(installation: &Installation, host: &Host) -> Result<PathBuf, Error> {
    let target = installation.location.on(host)?;
    let directory = target.kernels.join(&installation.name);
    if directory.join("kernel.json").exists()
        && !KernelSpec::read(&directory).is_some_and(|spec| spec.is_ours())
    {
        return Err(Error::Foreign { directory });
    }
    let spec = spec(installation, &target, &host.executable)?;
    fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
    for (name, bytes) in LOGOS {
        write(&directory.join(name), bytes)?;
    }
    // Last: from here on Jupyter sees the kernel.
    write(&directory.join("kernel.json"), spec.to_text().as_bytes())?;
    Ok(directory)
}

fn spec(
    installation: &Installation,
    target: &Target,
    executable: &Path,
) -> Result<KernelSpec, Error> {
    let mut env = BTreeMap::new();
    if let Some(environment) = &target.environment {
        env.insert(
            ENVIRONMENT_VARIABLE.to_owned(),
            unicode(environment)?.to_owned(),
        );
    }
    env.extend(
        installation
            .env
            .iter()
            .map(|Assignment { name, value }| (name.clone(), value.clone())),
    );
    Ok(KernelSpec::new(
        unicode(executable)?,
        &installation.display_name,
        env,
    ))
}

fn unicode(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::NotUnicode {
        path: path.to_owned(),
    })
}

/// Writes beside the file and renames, so that a Jupyter which reads at this moment sees the old file or the new one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&beside, bytes).map_err(Error::io("write", path))?;
    fs::rename(&beside, path).map_err(|source| {
        // The first error is the one that counts.
        let _ = fs::remove_file(&beside);
        Error::io("write", path)(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    fn host() -> Host {
        Host::new(
            Platform::Linux,
            PathBuf::from("/opt/everloop"),
            [("HOME", "/nowhere")],
        )
    }

    fn into(prefix: &Path) -> Installation {
        Installation {
            location: Location::Prefix(prefix.to_owned()),
            name: KernelName::default(),
            display_name: "Python (everloop)".to_owned(),
            env: Vec::new(),
        }
    }

    fn files(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_directory_holds_kernel_json_and_three_logos() {
        let prefix = tempfile::tempdir().unwrap();
        let directory = install(&into(prefix.path()), &host()).unwrap();
        assert_eq!(
            directory,
            prefix.path().join("share/jupyter/kernels/everloop")
        );
        assert_eq!(
            files(&directory),
            [
                "kernel.json",
                "logo-32x32.png",
                "logo-64x64.png",
                "logo-svg.svg"
            ]
        );
        let spec = KernelSpec::read(&directory).unwrap();
        assert_eq!(spec.argv[0], "/opt/everloop");
        assert_eq!(
            spec.env[ENVIRONMENT_VARIABLE],
            prefix.path().to_str().unwrap()
        );
    }

    #[test]
    fn a_second_installation_replaces_the_first() {
        let prefix = tempfile::tempdir().unwrap();
        install(&into(prefix.path()), &host()).unwrap();
        let renamed = Installation {
            display_name: "Loop".to_owned(),
            ..into(prefix.path())
        };
        let directory = install(&renamed, &host()).unwrap();
        assert_eq!(KernelSpec::read(&directory).unwrap().display_name, "Loop");
        assert_eq!(files(&directory).len(), 4);
    }

    #[test]
    fn what_the_user_sets_wins_over_what_is_recorded() {
        let prefix = tempfile::tempdir().unwrap();
        let env = ["A=1", "A=2", "EVERLOOP_ENVIRONMENT=/chosen"]
            .map(|text| text.parse().unwrap())
            .into();
        let directory = install(
            &Installation {
                env,
                ..into(prefix.path())
            },
            &host(),
        )
        .unwrap();
        let spec = KernelSpec::read(&directory).unwrap();
        assert_eq!(spec.env["A"], "2");
        assert_eq!(spec.env[ENVIRONMENT_VARIABLE], "/chosen");
    }

    #[test]
    fn a_foreign_kernel_of_that_name_stays_as_it_is() {
        for foreign in [
            r#"{"argv": ["x"], "display_name": "X", "language": "python"}"#,
            "not json",
        ] {
            let prefix = tempfile::tempdir().unwrap();
            let directory = prefix.path().join("share/jupyter/kernels/everloop");
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("kernel.json"), foreign).unwrap();
            let error = install(&into(prefix.path()), &host()).unwrap_err();
            assert!(matches!(error, Error::Foreign { .. }), "{error}");
            assert_eq!(
                fs::read_to_string(directory.join("kernel.json")).unwrap(),
                foreign
            );
            assert_eq!(files(&directory), ["kernel.json"]);
        }
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_the_directory() {
        let prefix = tempfile::tempdir().unwrap();
        fs::write(prefix.path().join("share"), "").unwrap();
        let error = install(&into(prefix.path()), &host()).unwrap_err();
        assert!(error.to_string().starts_with("cannot create "), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("share/jupyter/kernels/everloop"),
            "{error}"
        );
    }
}
