use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::environment;

/// The variable that tells a running kernel which environment's packages to see.
pub const ENVIRONMENT_VARIABLE: &str = "EVERLOOP_ENVIRONMENT";

/// What people see unless they choose another name.
pub const DISPLAY_NAME: &str = "Python (everloop)";

/// What Jupyter replaces by the directory that holds `kernel.json`.
const RESOURCE_DIR: &str = "{resource_dir}";

/// The key in `metadata` by which everloop knows its own kernelspecs.
const MARK: &str = "everloop";

/// The contents of `kernel.json`.
///
/// <https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelSpec {
    /// The command that starts the kernel; Jupyter puts the connection file's path in place of `{connection_file}`.
    pub argv: Vec<String>,
    /// What people see in the launcher and the kernel menu.
    pub display_name: String,
    /// The language of the cells; front ends match notebooks to kernels by it.
    pub language: String,
    /// `message`: an interrupt is a request on the control channel, which works where signals do not.
    #[serde(default)]
    pub interrupt_mode: String,
    /// The messaging protocol that the kernel speaks, as `major.minor.patch`.
    #[serde(default)]
    pub kernel_protocol_version: String,
    /// Environment variables for the kernel's process.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What front ends want to know before they start the kernel, and our mark.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

impl KernelSpec {
    /// The kernelspec of everloop, started from this absolute path.
    pub fn new(executable: &str, display_name: &str, env: BTreeMap<String, String>) -> KernelSpec {
        let mut metadata = Map::new();
        metadata.insert(
            MARK.to_owned(),
            json!({ "version": env!("CARGO_PKG_VERSION") }),
        );
        KernelSpec {
            argv: [executable, "run", "-f", "{connection_file}"]
                .map(str::to_owned)
                .into(),
            display_name: display_name.to_owned(),
            language: "python".to_owned(),
            interrupt_mode: "message".to_owned(),
            kernel_protocol_version: "5.5.0".to_owned(),
            env,
            metadata,
        }
    }

    /// The program that it starts, when it lies in this directory.
    pub(crate) fn program(&self, directory: &Path) -> Option<PathBuf> {
        let word = self.argv.first()?;
        Some(match word.strip_prefix(RESOURCE_DIR) {
            Some(rest) => directory.join(rest.trim_start_matches('/')),
            None => word.into(),
        })
    }

    /// The environment whose packages the kernel sees that starts from this directory.
    pub(crate) fn environment(&self, directory: &Path) -> Option<PathBuf> {
        match self.env.get(ENVIRONMENT_VARIABLE) {
            Some(recorded) => Some(recorded.into()),
            None => {
                let program = self.program(directory)?.canonicalize().ok()?;
                environment::around(&program)
            }
        }
    }

    /// The text of `kernel.json`.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and maps with string keys are JSON")
            + "\n"
    }

    /// Whether everloop wrote it.
    pub fn is_ours(&self) -> bool {
        self.metadata.contains_key(MARK)
    }

    /// The kernelspec in a kernel's directory, when there is one that can be read.
    pub(crate) fn read(directory: &Path) -> Option<KernelSpec> {
        let text = std::fs::read(directory.join("kernel.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_json_says_what_jupyter_needs() {
        let env = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let spec = serde_json::to_value(KernelSpec::new("/opt/everloop", "Python (everloop)", env))
            .unwrap();
        let expected = json!({
            "argv": ["/opt/everloop", "run", "-f", "{connection_file}"],
            "display_name": "Python (everloop)",
            "language": "python",
            "interrupt_mode": "message",
            "kernel_protocol_version": "5.5.0",
            "env": {"A": "1"},
            "metadata": {"everloop": {"version": env!("CARGO_PKG_VERSION")}},
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn a_kernelspec_of_ipykernel_is_not_ours() {
        let ipykernel = json!({"argv": ["python"], "display_name": "Python 3", "language": "python", "metadata": {"debugger": true}});
        assert!(
            !serde_json::from_value::<KernelSpec>(ipykernel)
                .unwrap()
                .is_ours()
        );
    }

    /// A wheel does not know where it will be installed: a virtual environment, `~/.local`, `/usr/local`. In each of
    /// them the program is at the same place beside the kernelspec, so it is named from there:
    ///
    /// - A bare name would be looked up on `PATH`, which has the environment only where it is activated.
    /// - `{prefix}` is the prefix of the Python that runs Jupyter, which is another one after `pip install --user`, or
    ///   when the kernelspec is found by `JUPYTER_PATH`; and VS Code does not know it.
    /// - `python -m everloop` would start CPython first, which takes longer than the kernel.
    #[test]
    fn the_wheel_has_what_install_writes_but_for_the_path() {
        let program = "{resource_dir}/../../../../bin/everloop";
        let expected = KernelSpec::new(program, DISPLAY_NAME, BTreeMap::new()).to_text();
        let wheel = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/wheel/data/share/jupyter/kernels/everloop/kernel.json"
        );
        assert_eq!(std::fs::read_to_string(wheel).unwrap(), expected);
    }

    #[test]
    fn the_program_is_found_from_the_directory() {
        let program = |word| {
            KernelSpec::new(word, "", BTreeMap::new())
                .program(Path::new("/p/share/jupyter/kernels/x"))
                .unwrap()
        };
        assert_eq!(program("/opt/everloop"), Path::new("/opt/everloop"));
        assert_eq!(
            program("{resource_dir}/../everloop"),
            Path::new("/p/share/jupyter/kernels/x/../everloop")
        );
    }
}
