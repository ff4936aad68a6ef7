//! The interpreter's settings and modules.

use rustpython::{InterpreterBuilder, InterpreterBuilderExt};
use rustpython_vm::{Interpreter, Settings};

use crate::garbage;

/// The Python half of the kernel, compiled into the binary.
const PYTHON: &rustpython_vm::frozen::FrozenLib =
    rustpython_vm::py_freeze!(dir = "../../python", crate_name = "rustpython_vm");

/// The kernel's interpreter.
pub(super) fn build() -> Interpreter {
    let mut settings = Settings::default();
    // Handlers are installed by `everloop.main`, when there is something to interrupt.
    settings.install_signal_handlers = true;
    // What a thread prints belongs to the cell that started it.
    settings.thread_inherit_context = true;
    // Text is UTF-8, as in a program; with the default, what is not ASCII could not be written to a file.
    settings.utf8_mode = 1;
    settings.argv = vec!["everloop".to_owned()];
    settings.write_bytecode = true;
    settings.path_list.extend(python_path());
    with_settings(settings)
}

/// The directories of `PYTHONPATH`, which come before all others as in every Python. A program's options read them.
fn python_path() -> Vec<String> {
    let list = std::env::var_os("PYTHONPATH").unwrap_or_default();
    std::env::split_paths(&list)
        .filter_map(|path| path.into_os_string().into_string().ok())
        .filter(|path| !path.is_empty())
        .collect()
}

/// Names a directory to import the package `everloop` from, in place of the one in the binary: who works on the Python
/// half need not build the kernel anew to try it.
const PYTHON_DIR: &str = "EVERLOOP_PYTHON_DIR";

/// An interpreter with the standard library, `_everloop` and the package `everloop`.
pub(crate) fn with_settings(mut settings: Settings) -> Interpreter {
    let python_dir = std::env::var(PYTHON_DIR)
        .ok()
        .filter(|_| !settings.ignore_environment);
    settings.path_list.extend(python_dir.clone());
    let builder = InterpreterBuilder::new().settings(settings).init_stdlib();
    super::sets::repair(&builder.ctx);
    super::specialization::repair(&builder.ctx);
    let everloop = crate::native::module_def(&builder.ctx);
    let asyncio = crate::asyncio::module_def(&builder.ctx);
    let builder = builder
        .init_hook(garbage::watch)
        .add_native_module(everloop)
        .add_native_module(asyncio);
    match python_dir {
        Some(_) => builder.build(),
        None => builder.add_frozen_modules(PYTHON).build(),
    }
}
