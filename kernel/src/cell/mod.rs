//! The text of a cell: text in, text or a verdict out. No VM, no tokio, no protocol.
//!
//! | file | question |
//! |---|---|
//! | [`asynchrony`] | which top-level construct makes the cell a coroutine? |
//! | [`completeness`] | could the cell run as it is, or is more to come? (`is_complete_request`) |
//! | [`silence`] | does a trailing `;` keep the last value from being displayed? |
//!
//! Every answer comes from ruff's parser, the one that RustPython compiles with, so that what is said
//! here about a cell agrees with what happens when it runs. Magics and shell escapes are understood as far as that
//! parser understands them. Turning them into Python is the work of the transformer, which belongs into this room
//! and in front of these questions.

mod asynchrony;
mod completeness;
mod depth;
#[cfg(test)]
mod properties;
mod silence;
#[cfg(test)]
mod tables;

pub use asynchrony::{Construct, asynchrony};
pub use completeness::{Completeness, completeness};
pub use silence::is_silenced;
