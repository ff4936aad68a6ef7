//! The everloop kernel.

pub mod event_loop;
