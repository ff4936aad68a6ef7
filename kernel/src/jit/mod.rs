//! Numeric functions as machine code, made by Cranelift.
//!
//! | file | what it makes |
//! |---|---|
//! | [`source`] | of a text, the syntax tree of one function in it |
//! | [`flow`] | of that, blocks of simple steps; says what is not compiled |
//! | [`rules`], [`versions`], [`returns`] | the kinds of values: of steps, of variables in a block, of what functions return |
//! | [`machine`] | of blocks and kinds, machine code |
//!
//! Compiled code has no effects. Whenever Python would do something that it does not know (a larger integer than 64
//! bits, an exception), it leaves, and the interpreter makes the same call from its beginning. So all results, errors
//! and tracebacks are Python's.
//!
//! No VM here: what names mean is asked of [`flow::Names`], and `native/jit/` is what Python sees.

pub(crate) mod builtin;
pub(crate) mod flow;
pub(crate) mod kind;
pub(crate) mod machine;
pub(crate) mod refusal;
mod returns;
mod rules;
pub(crate) mod source;
#[cfg(test)]
mod tests;
mod versions;

use flow::Routine;

/// Functions that call each other.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) routines: Vec<Routine>,
}
