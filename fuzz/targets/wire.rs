//! `cargo fuzz run wire`: what `protocol/tests/properties/wire.rs` says.

#![no_main]

#[path = "../../protocol/tests/properties/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|input: &[u8]| wire::check(input));
