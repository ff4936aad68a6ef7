//! Rebuilds the crate when one of the frozen Python files changes: the macro that freezes them does not tell cargo.

use std::path::Path;

fn main() {
    watch(Path::new("python"));
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        watch(&entry.path());
    }
}
