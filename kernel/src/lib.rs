//! The everloop kernel.

pub mod cell;
pub mod event_loop;
