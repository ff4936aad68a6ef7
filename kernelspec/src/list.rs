use std::path::{Path, PathBuf};

use crate::{Host, KernelSpec, directories};

/// A kernelspec of everloop that Jupyter can see.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The name by which Jupyter knows it.
    pub name: String,
    /// The directory that holds it.
    pub directory: PathBuf,
    /// Its `kernel.json`.
    pub spec: KernelSpec,
}

impl Installed {
    /// Whether the program that it starts is still there.
    pub fn is_startable(&self) -> bool {
        self.spec
            .program(&self.directory)
            .is_some_and(|program| program.is_file())
    }
}

/// Every kernelspec of everloop in Jupyter's data directories: in the order in which Jupyter looks, so of two with one
/// name the first counts; by name within a directory. What cannot be read is not listed, as Jupyter does not see it.
pub fn list(host: &Host) -> Vec<Installed> {
    directories::search_path(host)
        .iter()
        .flat_map(|data| list_in(&directories::kernels(data)))
        .collect()
}

pub(crate) fn list_in(kernels: &Path) -> Vec<Installed> {
    let Ok(entries) = std::fs::read_dir(kernels) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| ours(entry.path()))
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn ours(directory: PathBuf) -> Option<Installed> {
    let spec = KernelSpec::read(&directory).filter(KernelSpec::is_ours)?;
    let name = directory.file_name()?.to_str()?.to_ascii_lowercase();
    Some(Installed {
        name,
        directory,
        spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Installation, Location, Platform, install};

    #[test]
    fn kernels_of_every_data_directory_are_listed_and_foreign_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        let paths = ["venv", "home", "extra"].map(|name| root.path().join(name));
        for path in &paths {
            std::fs::create_dir(path).unwrap();
        }
        let [venv, home, extra] = paths.map(|path| path.to_str().unwrap().to_owned());
        let variables = [
            ("HOME", home.as_str()),
            ("VIRTUAL_ENV", &venv),
            ("JUPYTER_PATH", &extra),
        ];
        let host = Host::new(Platform::Linux, "/gone/everloop".into(), variables);
        for (location, name) in [
            (Location::User, "b"),
            (Location::User, "a"),
            (Location::SysPrefix, "everloop"),
        ] {
            let display_name = name.to_uppercase();
            install(
                &Installation {
                    location,
                    name: name.parse().unwrap(),
                    display_name,
                    env: Vec::new(),
                },
                &host,
            )
            .unwrap();
        }
        let foreign = Path::new(&extra).join("kernels/other");
        std::fs::create_dir_all(&foreign).unwrap();
        std::fs::write(
            foreign.join("kernel.json"),
            r#"{"argv": ["x"], "display_name": "", "language": ""}"#,
        )
        .unwrap();

        let found = list(&host);
        assert_eq!(
            found
                .iter()
                .map(|kernel| kernel.name.as_str())
                .collect::<Vec<_>>(),
            ["everloop", "a", "b"]
        );
        assert!(found[0].directory.starts_with(&venv));
        assert_eq!(found[1].spec.display_name, "A");
        assert!(!found[0].is_startable());
    }
}
