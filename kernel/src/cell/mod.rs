//! The text of a cell: text in, text or a verdict out. No VM, no tokio, no protocol.
//!
//! | file | question |
//! |---|---|
//! | [`transform`](mod@transform) | which Python does IPython's syntax in it stand for? |
//! | [`asynchrony`] | which top-level construct makes the cell a coroutine? |
//! | [`completeness`] | could the cell run as it is, or is more to come? (`is_complete_request`) |
//! | [`silence`] | does a trailing `;` keep the last value from being displayed? |
//! | [`directive`](mod@directive) | does its first line say that it runs beside other cells? |
//!
//! Every answer comes from ruff's parser, the one that RustPython compiles with, so that what is said
//! here about a cell agrees with what happens when it runs. The transformer comes before these questions: they are about
//! Python.

mod asynchrony;
mod completeness;
mod depth;
mod directive;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod silence;
#[cfg(test)]
mod tables;
mod transform;

pub use asynchrony::{Construct, asynchrony};
pub use completeness::{Completeness, completeness};
pub use directive::{Directive, directive};
pub use silence::is_silenced;
pub use transform::{IndentationError, TransformError, Transformed, transform};
