//! The five sockets of a kernel. This room knows ZeroMQ; nothing outside does.
//!
//! Shell, control, stdin and heartbeat are ROUTER sockets of the crate `zeromq`. iopub publishes by itself, since
//! nothing that a cell printed may be dropped and no reader may hold another up, which no publishing socket of the
//! crate can promise.
//!
//! - `router`: the crate's ROUTER sockets behind queues, and behind a gate that strangers do not pass
//! - `zmtp`: the wire protocol, as far as iopub and the gate need it
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
