//! The content of every message, one file for each, its request and reply side by side.
//!
//! A reply that worked is serialised with `status: "ok"` by itself; [`Reply`] adds the two other forms that every
//! request can get.

pub mod clear_output;
pub mod comm;
pub mod comm_info;
pub mod complete;
pub mod connect;
pub mod debug;
pub mod display;
pub mod error;
pub mod execute;
pub mod history;
pub mod inspect;
pub mod interrupt;
pub mod iopub_welcome;
pub mod is_complete;
pub mod kernel_info;
pub mod shutdown;
pub mod status;
pub mod stdin;
pub mod stream;
pub mod subshell;
pub mod usage;

mod reply;

pub use error::ErrorContent;
pub use reply::{AbortedReply, ErrorReply, Reply};
