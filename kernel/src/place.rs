//! Where this program lies, and what Python is to know of it before it starts.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Component, Path};
use std::process::Command;

use everloop_kernelspec::{ENVIRONMENT_VARIABLE, Host, environment_of_kernel};

/// Starts this program anew by its real path where it was called by one with `..` in it, as the kernelspec of a wheel
/// does: Python derives `sys.executable`, which child processes are started by, and `sys.path` from that word.
///
/// # Errors
/// When the operating system does not say what the path is, or cannot start it; the process then goes on as it is.
pub(crate) fn call_by_real_path() -> io::Result<()> {
    let mut words = std::env::args_os();
    let word = words.next().unwrap_or_default();
    let is_detour = Path::new(&word)
        .components()
        .any(|component| component == Component::ParentDir);
    if !is_detour {
        return Ok(());
    }
    let program = std::env::current_exe()?.canonicalize()?;
    Err(Command::new(program).args(words).exec())
}

/// Lets Python see the environment that this program was installed into, where `EVERLOOP_ENVIRONMENT` names no other.
pub(crate) fn name_environment() {
    if std::env::var_os(ENVIRONMENT_VARIABLE).is_some_and(|named| !named.is_empty()) {
        return;
    }
    let around = std::env::current_exe()
        .ok()
        .and_then(|program| environment_of_kernel(&Host::current(program)));
    if let Some(prefix) = around {
        #[expect(unsafe_code, reason = "the variable is read in Python, too")]
        // SAFETY: no other thread has been started yet that could read the environment.
        unsafe {
            std::env::set_var(ENVIRONMENT_VARIABLE, prefix);
        }
    }
}
