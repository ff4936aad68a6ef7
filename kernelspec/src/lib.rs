//! Being found by Jupyter: the kernelspec of everloop, where it goes, and how it gets there and away again.
//!
//! Jupyter finds a kernel by a directory `kernels/<name>` in one of its data directories. The directory holds
//! `kernel.json`, which says how to start the kernel, and three logos. This crate knows
//!
//! - [`Host`]: the machine that is asked, as a value: platform, home and environment variables, so that the rules of
//!   Linux, macOS and Windows are all tested everywhere;
//! - `directories`: Jupyter's data directories, in the order in which Jupyter looks
//!   ([jupyter_core's `paths.py`](https://github.com/jupyter/jupyter_core/blob/main/jupyter_core/paths.py));
//! - `environment`: which virtual environment is active, and [`which`](environment_of_kernel) a kernel sees;
//! - [`Location`]: what `--user`, `--sys-prefix` and `--prefix` mean on a host;
//! - [`KernelSpec`]: the file [`kernel.json`](https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs);
//! - [`packages()`]: where packages lie that are the kernel's own;
//! - [`install`], [`uninstall`], [`list`].
//!
//! It uses no other crate of the workspace and starts nothing: the command line in `kernel/` is its only user.
#![deny(missing_docs)]

mod assignment;
mod directories;
mod environment;
mod error;
mod host;
mod install;
mod list;
mod location;
mod logos;
mod name;
mod packages;
mod spec;
mod uninstall;

pub use assignment::Assignment;
pub use environment::of_kernel as environment_of_kernel;
pub use error::Error;
pub use host::{Host, Platform};
pub use install::{Installation, install};
pub use list::{Installed, list};
pub use location::Location;
pub use name::KernelName;
pub use packages::{PACKAGES_VARIABLE, packages};
pub use spec::{DISPLAY_NAME, ENVIRONMENT_VARIABLE, KernelSpec};
pub use uninstall::{Removed, uninstall};
