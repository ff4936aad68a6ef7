//! The five sockets of a kernel. This room knows ZeroMQ; nothing outside does.
//!
//! Shell, control, stdin and heartbeat are ROUTER sockets. iopub publishes by rules of its own, since nothing that a cell
//! printed may be dropped and no reader may hold another up.
//!
//! - `router`: ROUTER sockets
//! - `zmtp`: the wire protocol
//! - `heartbeat`, `iopub`: one task each
//! - `bind`: from the connection file to bound listeners
//!
//! Who has a [`Router`](router::Router) owns its receiving side; senders are clones and never wait.

pub mod bind;
pub(crate) mod heartbeat;
pub(crate) mod iopub;
pub(crate) mod router;
pub mod stdin;
pub(crate) mod zmtp;
