//! What fuzzing has found to be worth keeping (`fuzz/corpus/`), through the functions that were fuzzed.

#[path = "properties/connection.rs"]
mod connection;
#[path = "properties/content.rs"]
mod content;
#[path = "properties/wire.rs"]
mod wire;

use std::path::Path;

/// Each entry of a target's corpus.
fn entries(target: &str) -> impl Iterator<Item = Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let folder = std::fs::read_dir(corpus.join(target)).expect("a corpus");
    folder.map(|entry| {
        let path = entry.expect("an entry").path();
        // A failure is about the last one that was named.
        eprintln!("{}", path.display());
        std::fs::read(path).expect("a file")
    })
}

#[test]
fn frames_are_decoded_or_refused() {
    entries("wire").for_each(|entry| wire::check(&entry));
}

#[test]
fn content_is_typed_or_refused() {
    entries("content").for_each(|entry| content::check(&entry));
}

#[test]
fn connection_files_are_read_or_refused() {
    entries("connection").for_each(|entry| connection::check(&entry));
}
