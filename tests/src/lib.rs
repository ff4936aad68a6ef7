//! Nothing but a place for the tests of the whole kernel: see `tests/main.rs`.
