//! `cargo fuzz run content`: what `protocol/tests/properties/content.rs` says.

#![no_main]

#[path = "../../protocol/tests/properties/content.rs"]
mod content;

libfuzzer_sys::fuzz_target!(|input: &[u8]| content::check(input));
