//! `cargo fuzz run connection`: what `protocol/tests/properties/connection.rs` says.

#![no_main]

#[path = "../../protocol/tests/properties/connection.rs"]
mod connection;

libfuzzer_sys::fuzz_target!(|input: &[u8]| connection::check(input));
