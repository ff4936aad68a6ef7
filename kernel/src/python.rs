//! `everloop python`: Python as a program, with the interpreter of the kernel and `EverLoop` as asyncio's loop.
//!
//! It is also what `sys.executable` of a cell names, so everything that starts "another Python" (multiprocessing,
//! `subprocess.run([sys.executable, ...])`, `python -m`) comes here. Options and environment variables are CPython's;
//! RustPython reads them.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustpython::{RunMode, parse_opts, run_shell};
use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDictRef},
    convert::{IntoPyException, TryFromObject},
    scope::Scope,
};

use crate::interpreter::builder;

/// The option that [`exec`] puts first, so that what follows is read as Python's whatever it looks like.
const MARK: [&str; 2] = ["-X", "everloop"];

/// Whether the program was called as Python is: by a name such as `python3`, with one of Python's options first, or
/// with the path of a script. What the command `everloop` itself understands is not Python's.
pub fn is_meant(mut words: impl Iterator<Item = OsString>) -> bool {
    let name = words.next().unwrap_or_default();
    let is_python = |name: &OsStr| name.to_string_lossy().starts_with("python");
    if Path::new(&name).file_name().is_some_and(is_python) {
        return true;
    }
    let Some(first) = words.next() else {
        return false;
    };
    match first.to_str() {
        Some("-h" | "--help" | "-V" | "--version") => false,
        Some(option) if option.starts_with('-') => true,
        _ => Path::new(&first).exists(),
    }
}

/// Becomes Python with these arguments.
///
/// # Errors
/// When the operating system cannot start this program anew; otherwise it does not return.
pub fn exec(arguments: &[OsString]) -> io::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    // Python takes the path of its executable from the first word.
    Command::new(&program)
        .arg0(called_as(&program))
        .args(MARK)
        .args(arguments)
        .exec()
}

/// The word that this program was called by when it is a path, so that a link to it (in a virtual environment) stays.
fn called_as(program: &Path) -> PathBuf {
    let word = PathBuf::from(std::env::args_os().next().unwrap_or_default());
    if word.components().count() > 1 {
        word
    } else {
        program.to_owned()
    }
}

/// Runs what the process's arguments name: a command, a module, a script, or what is typed.
pub fn run() -> ExitCode {
    let (settings, mode) = match parse_opts() {
        Ok(parsed) => parsed,
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "everloop python: {error}");
            return ExitCode::from(2);
        }
    };
    let code = builder::with_settings(settings).run(|vm| run_mode(mode, vm));
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// An interpreter in which asyncio's loop is `EverLoop`, for programs that embed it.
///
/// # Errors
/// What the preparation in Python raises.
pub fn embedded() -> Result<rustpython_vm::Interpreter, String> {
    let interpreter = builder::with_settings(rustpython_vm::Settings::default());
    interpreter
        .enter(|vm| prepare(vm).map_err(|error| describe(&error, vm)))
        .map(|()| interpreter)
}

fn describe(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail, and a broken traceback is still a traceback.
    let _ = vm.write_exception(&mut text, error);
    text
}

fn prepare(vm: &VirtualMachine) -> PyResult<()> {
    crate::native::import::from_module("everloop.program", "prepare", vm)?
        .call((), vm)
        .map(drop)
}

/// `pymain_run_python` of CPython's `Modules/main.c`.
fn run_mode(mode: RunMode, vm: &VirtualMachine) -> PyResult<()> {
    let scope = vm.new_scope_with_main()?;
    vm.import("warnings", 0)?;
    if vm.state.config.settings.import_site {
        vm.import("site", 0)?;
    }
    prepare(vm)?;
    if let Some(path) = first_on_path(&mode).filter(|_| !vm.state.config.settings.safe_path) {
        vm.insert_sys_path(vm.new_pyobj(path))?;
    }
    if vm.state.config.settings.faulthandler {
        vm.run_simple_string("import faulthandler; faulthandler.enable()")?;
    }
    let result = match mode {
        RunMode::Command(command) => vm.run_string(scope.clone(), &command, "<string>").map(drop),
        RunMode::Module(module) => vm.run_module(&module),
        RunMode::Script(path) => run_script(&path, scope.clone(), vm),
        RunMode::Repl if !io::stdin().is_terminal() => run_stdin(scope.clone(), vm),
        RunMode::Repl => return run_shell(vm, scope),
        RunMode::InstallPip(_) => {
            Err(vm.new_value_error("pip is installed by `everloop python -m ensurepip`"))
        }
    };
    if vm.state.config.settings.inspect {
        return run_shell(vm, scope);
    }
    result
}

fn run_stdin(scope: Scope, vm: &VirtualMachine) -> PyResult<()> {
    let source = io::read_to_string(io::stdin()).map_err(|error| error.into_pyexception(vm))?;
    vm.run_string(scope, &source, "<stdin>").map(drop)
}

/// `sys.path[0]`, unless it is the script's.
fn first_on_path(mode: &RunMode) -> Option<String> {
    match mode {
        RunMode::Command(_) | RunMode::Repl => Some(String::new()),
        RunMode::Module(_) => std::env::current_dir()
            .ok()
            .and_then(|directory| directory.into_os_string().into_string().ok()),
        RunMode::Script(_) | RunMode::InstallPip(_) => None,
    }
}

/// Runs a file, or the `__main__` of a directory or an archive.
fn run_script(name: &str, scope: Scope, vm: &VirtualMachine) -> PyResult<()> {
    let path = std::path::absolute(name).map_or_else(
        |_| name.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    );
    if has_importer(&path, vm)? {
        vm.insert_sys_path(vm.new_pyobj(path))?;
        let runpy = vm.import("runpy", 0)?;
        return runpy
            .get_attr("_run_module_as_main", vm)?
            .call(("__main__", false), vm)
            .map(drop);
    }
    if !vm.state.config.settings.safe_path {
        // With symbolic links resolved (`_PyPathConfig_ComputeSysPath0`).
        let resolved = std::fs::canonicalize(&path).unwrap_or_else(|_| PathBuf::from(&path));
        let directory = resolved.parent().unwrap_or(Path::new("/"));
        vm.insert_sys_path(vm.new_pyobj(directory.to_string_lossy().into_owned()))?;
    }
    match std::fs::metadata(&path) {
        Ok(_) => vm.run_any_file(scope, &path),
        Err(error) => {
            let program = &vm.state.config.paths.executable;
            let _ = writeln!(io::stderr(), "{program}: can't open file '{path}': {error}");
            Err(vm.new_system_exit(vec![vm.ctx.new_int(2).into()].into()))
        }
    }
}

/// Whether a path hook takes the path for a place of modules (`pymain_get_importer`).
fn has_importer(path: &str, vm: &VirtualMachine) -> PyResult<bool> {
    let cache = PyDictRef::try_from_object(vm, vm.sys_module.get_attr("path_importer_cache", vm)?)?;
    let hooks: Vec<PyObjectRef> = vm
        .sys_module
        .get_attr("path_hooks", vm)?
        .try_into_value(vm)?;
    for hook in hooks {
        match hook.call((path.to_owned(),), vm) {
            Ok(importer) => {
                cache.as_object().set_item(path, importer, vm)?;
                return Ok(true);
            }
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.import_error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    fn meant(words: &[&str]) -> bool {
        is_meant(words.iter().map(Into::into))
    }

    #[test]
    fn python_is_called_by_name_by_option_or_by_script() {
        let script = std::env::current_exe().expect("a test has an executable");
        let script = script.to_str().expect("it is UTF-8");
        for words in [
            &["/venv/bin/python3"][..],
            &["python", "install"],
            &["everloop", "-c", "pass"],
            &["everloop", "-m", "pip"],
            &["everloop", "-Wd", "x.py"],
            &["everloop", script],
        ] {
            assert!(meant(words), "{words:?}");
        }
    }

    #[test]
    fn what_the_command_understands_is_not_python() {
        for words in [
            &["everloop"][..],
            &["everloop", "--help"],
            &["everloop", "--version"],
            &["everloop", "run", "-f", "x"],
            &["everloop", "no-such-file.py"],
        ] {
            assert!(!meant(words), "{words:?}");
        }
    }
}
