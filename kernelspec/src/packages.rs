use std::path::{Path, PathBuf};

use crate::Host;

/// The variable that names another directory for the packages of the kernel's own.
pub const PACKAGES_VARIABLE: &str = "EVERLOOP_PACKAGES";

/// The prefix into which a kernel of this environment installs packages of its own: what `EVERLOOP_PACKAGES` names, or
/// else the environment's `share/everloop`, or else the user's. `None` where nothing says who the user is.
pub fn packages(environment: Option<&Path>, host: &Host) -> Option<PathBuf> {
    host.directory(PACKAGES_VARIABLE)
        .or_else(|| of_kernels(environment, host))
}

/// The prefix that everloop chooses itself, and so may remove.
pub(crate) fn of_kernels(environment: Option<&Path>, host: &Host) -> Option<PathBuf> {
    let of_user = data(host).map(|data| data.join("everloop"));
    match environment.map(|prefix| prefix.join("share").join("everloop")) {
        // In `~/.local`, which is an environment too, neither may lie inside the other.
        Some(of_environment) if Some(&of_environment) != of_user.as_ref() => Some(of_environment),
        _ => Some(of_user?.join("packages")),
    }
}

/// The user's data directory, for what is no file of Jupyter's.
fn data(host: &Host) -> Option<PathBuf> {
    host.directory("XDG_DATA_HOME")
        .or_else(|| Some(host.home()?.join(".local").join("share")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn of(environment: Option<&str>, variables: Variables) -> Option<PathBuf> {
        let host = Host::new(
            Platform::Linux,
            "/opt/everloop".into(),
            variables.iter().copied(),
        );
        packages(environment.map(Path::new), &host)
    }

    #[test]
    fn an_environment_has_its_own_and_the_user_has_the_rest() {
        let home = ("HOME", "/home/ada");
        let table: &[(Option<&str>, Variables, Option<&str>)] = &[
            (Some("/venv"), &[home], Some("/venv/share/everloop")),
            (
                Some("/home/ada/.local"),
                &[home],
                Some("/home/ada/.local/share/everloop/packages"),
            ),
            (
                None,
                &[home],
                Some("/home/ada/.local/share/everloop/packages"),
            ),
            (
                None,
                &[home, ("XDG_DATA_HOME", "/data")],
                Some("/data/everloop/packages"),
            ),
            (None, &[], None),
        ];
        for (environment, variables, expected) in table {
            assert_eq!(
                of(*environment, variables).as_deref(),
                expected.map(Path::new)
            );
        }
    }

    #[test]
    fn what_the_variable_names_comes_first() {
        let named = [("HOME", "/home/ada"), (PACKAGES_VARIABLE, "/chosen")];
        assert_eq!(of(Some("/venv"), &named), Some("/chosen".into()));
        assert_eq!(of(None, &named), Some("/chosen".into()));
        assert_eq!(
            of(Some("/venv"), &[(PACKAGES_VARIABLE, "")]),
            Some("/venv/share/everloop".into())
        );
    }
}
