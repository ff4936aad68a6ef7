use std::path::{Path, PathBuf};

use crate::{Error, Host, Platform, environment};

/// The data directory of the user: where `--user` installs, and where Jupyter looks first outside of an environment.
pub(crate) fn user(host: &Host) -> Result<PathBuf, Error> {
    if let Some(directory) = host.directory("JUPYTER_DATA_DIR") {
        return Ok(directory);
    }
    let home = || {
        host.home().ok_or(Error::NoHome {
            variable: host.platform.home_variable(),
        })
    };
    match host.platform {
        Platform::MacOs => Ok(home()?.join("Library").join("Jupyter")),
        Platform::Windows => match host.directory("APPDATA") {
            Some(roaming) => Ok(roaming.join("jupyter")),
            None => Ok(home()?.join(".jupyter").join("data")),
        },
        Platform::Linux => match host.directory("XDG_DATA_HOME") {
            Some(data) => Ok(data.join("jupyter")),
            None => Ok(home()?.join(".local").join("share").join("jupyter")),
        },
    }
}

/// The data directory of an installation of Python, a virtual or a conda environment: the same on every platform.
pub(crate) fn of_prefix(prefix: &Path) -> PathBuf {
    prefix.join("share").join("jupyter")
}

/// Where kernels lie inside a data directory.
pub(crate) fn kernels(data: &Path) -> PathBuf {
    data.join("kernels")
}

/// Every data directory in the order in which Jupyter looks, each once: `JUPYTER_PATH`, the environment and the user's
/// (the environment first, as jupyter_core has it inside of one), the system's.
pub(crate) fn search_path(host: &Host) -> Vec<PathBuf> {
    let environment = environment::active(host).map(|prefix| of_prefix(&prefix));
    let candidates = jupyter_path(host)
        .into_iter()
        .chain(environment)
        .chain(user(host).ok())
        .chain(system(host));
    let mut found = Vec::new();
    for directory in candidates {
        if !found.contains(&directory) {
            found.push(directory);
        }
    }
    found
}

/// `JUPYTER_PATH` is a list, with the platform's separator. What is not Unicode in it is left out: it cannot be split
/// by a character on every platform.
fn jupyter_path(host: &Host) -> Vec<PathBuf> {
    let list = host
        .variable("JUPYTER_PATH")
        .and_then(|list| list.to_str())
        .unwrap_or_default();
    list.split(host.platform.list_separator())
        .filter(|entry| !entry.is_empty())
        .map(PathBuf::from)
        .collect()
}

fn system(host: &Host) -> Vec<PathBuf> {
    match host.platform {
        Platform::Windows => host
            .directory("PROGRAMDATA")
            .map(|data| data.join("jupyter"))
            .into_iter()
            .collect(),
        Platform::MacOs => [
            "/opt/homebrew/share/jupyter",
            "/usr/local/share/jupyter",
            "/usr/share/jupyter",
        ]
        .map(PathBuf::from)
        .into(),
        Platform::Linux => ["/usr/local/share/jupyter", "/usr/share/jupyter"]
            .map(PathBuf::from)
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn host(platform: Platform, variables: Variables) -> Host {
        Host::new(
            platform,
            PathBuf::from("/nowhere/everloop"),
            variables.iter().copied(),
        )
    }

    #[test]
    fn the_users_directory_follows_each_platform() {
        use Platform::{Linux, MacOs, Windows};
        let table: &[(Platform, Variables, PathBuf)] = &[
            (
                Linux,
                &[("HOME", "/home/ada")],
                "/home/ada/.local/share/jupyter".into(),
            ),
            (
                Linux,
                &[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")],
                "/data/jupyter".into(),
            ),
            (
                Linux,
                &[("HOME", "/home/ada"), ("XDG_DATA_HOME", "")],
                "/home/ada/.local/share/jupyter".into(),
            ),
            (
                MacOs,
                &[("HOME", "/Users/ada"), ("XDG_DATA_HOME", "/data")],
                "/Users/ada/Library/Jupyter".into(),
            ),
            (
                Windows,
                &[("APPDATA", r"C:\Roaming"), ("HOME", "/x")],
                PathBuf::from(r"C:\Roaming").join("jupyter"),
            ),
            (
                Windows,
                &[("USERPROFILE", r"C:\ada")],
                PathBuf::from(r"C:\ada").join(".jupyter").join("data"),
            ),
            (
                Windows,
                &[
                    ("APPDATA", r"C:\Roaming"),
                    ("JUPYTER_DATA_DIR", r"D:\jupyter"),
                ],
                r"D:\jupyter".into(),
            ),
            (
                Linux,
                &[("JUPYTER_DATA_DIR", "/elsewhere")],
                "/elsewhere".into(),
            ),
        ];
        for (platform, variables, expected) in table {
            assert_eq!(
                &user(&host(*platform, variables)).unwrap(),
                expected,
                "{platform:?} {variables:?}"
            );
        }
    }

    #[test]
    fn without_a_home_the_error_names_the_variable() {
        let error = |platform| user(&host(platform, &[])).unwrap_err().to_string();
        assert_eq!(
            error(Platform::Linux),
            "there is no home directory: set HOME or JUPYTER_DATA_DIR"
        );
        assert_eq!(error(Platform::MacOs), error(Platform::Linux));
        assert!(error(Platform::Windows).contains("USERPROFILE"));
    }

    #[test]
    fn jupyter_path_is_a_list_with_the_platforms_separator() {
        let linux = host(
            Platform::Linux,
            &[("JUPYTER_PATH", "/one:/two;half::/three")],
        );
        assert_eq!(
            jupyter_path(&linux),
            ["/one", "/two;half", "/three"].map(PathBuf::from)
        );
        let windows = host(Platform::Windows, &[("JUPYTER_PATH", r"C:\one;D:\two")]);
        assert_eq!(
            jupyter_path(&windows),
            [r"C:\one", r"D:\two"].map(PathBuf::from)
        );
    }

    #[test]
    fn the_search_path_has_the_order_of_jupyter_and_no_doubles() {
        let variables = [
            ("JUPYTER_PATH", "/first:/usr/share/jupyter"),
            ("HOME", "/home/ada"),
            ("VIRTUAL_ENV", "/home/ada/project/.venv"),
        ];
        let expected = [
            "/first",
            "/usr/share/jupyter",
            "/home/ada/project/.venv/share/jupyter",
            "/home/ada/.local/share/jupyter",
            "/usr/local/share/jupyter",
        ];
        assert_eq!(
            search_path(&host(Platform::Linux, &variables)),
            expected.map(PathBuf::from)
        );
    }

    #[test]
    fn the_systems_directories_follow_each_platform() {
        let windows = host(Platform::Windows, &[("PROGRAMDATA", r"C:\ProgramData")]);
        assert_eq!(
            search_path(&windows),
            [PathBuf::from(r"C:\ProgramData").join("jupyter")]
        );
        let macos = search_path(&host(Platform::MacOs, &[]));
        assert!(macos.contains(&PathBuf::from("/opt/homebrew/share/jupyter")));
        assert_eq!(
            search_path(&host(Platform::Linux, &[])),
            system(&host(Platform::Linux, &[]))
        );
    }
}
