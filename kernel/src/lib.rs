//! The everloop kernel.
