//! The everloop kernel.

pub mod outbox;
pub mod sockets;
