//! `cargo fuzz run cell`: what `kernel/src/cell/properties.rs` says.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the rest of the kernel uses it")]
#[path = "../../kernel/src/cell/mod.rs"]
mod cell;

libfuzzer_sys::fuzz_target!(|input: &[u8]| cell::properties::check(input));
