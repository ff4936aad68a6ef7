//! Rebuilds the crate when one of the frozen Python files changes: the macro that freezes them does not tell cargo. And
//! links libffi into the binary where there is a static one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    watch(Path::new("python"));
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        prefer_static_libffi();
    }
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        // What tests compile is not frozen.
        if entry.file_name() != "__pycache__" {
            watch(&entry.path());
        }
    }
}

/// RustPython asks for the libffi of the system, whose version is in the name of its file: a binary that is carried to
/// another distribution would not start. A linker looks for both kinds of libraries in one directory before it goes on
/// to the next, so it takes the static one from a directory that has no other.
fn prefer_static_libffi() {
    println!("cargo::rerun-if-env-changed=CC");
    let Some(library) = ["libffi_pic.a", "libffi.a"].into_iter().find_map(find) else {
        return;
    };
    let directory = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("libffi");
    let copied = std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::copy(library, directory.join("libffi.a")));
    if copied.is_ok() {
        println!("cargo::rustc-link-search=native={}", directory.display());
    }
}

/// Where the compiler would find a library; one that it does not know it gives back as it was named.
fn find(name: &str) -> Option<PathBuf> {
    if env::var_os("HOST") != env::var_os("TARGET") {
        return None;
    }
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(compiler)
        .arg(format!("-print-file-name={name}"))
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
    path.is_absolute().then_some(path)
}
