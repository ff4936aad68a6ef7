//! Where the packages of the kernel's own lie.

use std::path::Path;

use everloop_kernelspec::Host;

/// The prefix of this process, for a kernel of `environment`. `None` where nothing says who the user is, or for a path
/// that is not text.
pub(super) fn prefix(environment: Option<&Path>) -> Option<String> {
    let host = Host::current(std::env::current_exe().unwrap_or_default());
    let prefix = everloop_kernelspec::packages(environment, &host)?;
    prefix.into_os_string().into_string().ok()
}
