//! A function as blocks of simple steps, without kinds of values: what the rest of the compiler reads in the place of
//! the syntax tree.
//!
//! Whatever the interpreter has to do itself (raise an exception, above all) is [`End::Leave`]: the functions that are
//! compiled have no effects, so the whole call is made again by the interpreter.

mod build;
mod calls;
mod conditions;
mod expressions;
mod liveness;
mod locals;
mod loops;
mod statements;

pub(crate) use build::{Lines, lower};

use super::builtin::Builtin;

/// A local variable, or one that the compiler has made.
pub(crate) type Variable = usize;
pub(crate) type BlockId = usize;
/// A function of a [`Program`](super::Program).
pub(crate) type RoutineId = usize;

/// One function.
#[derive(Debug)]
pub(crate) struct Routine {
    /// The first ones are its parameters.
    pub(crate) variables: usize,
    /// It begins with the first.
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
    /// Which variables are read, by it or after it, before they are assigned.
    pub(crate) live: Vec<bool>,
}

/// `to = action`.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) to: Variable,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Operand {
    Variable(Variable),
    Int(i64),
    Float(f64),
    Bool(bool),
    None,
}

#[derive(Debug)]
pub(crate) enum Action {
    Copy(Operand),
    /// `del to`
    Unbind,
    Unary(Unary, Operand),
    Binary(Binary, Operand, Operand),
    /// As `Binary`, of an augmented assignment: it changes a list.
    InPlace(Binary, Operand, Operand),
    Compare(Comparison, Operand, Operand),
    IsNone(Operand),
    Call(Builtin, Vec<Operand>),
    Pack(Vec<Operand>),
    /// `of[index]`, of a tuple; with `arity` only if it has so many items.
    Item {
        of: Operand,
        index: i64,
        arity: Option<usize>,
    },
    /// A list of these items.
    List(Vec<Operand>),
    /// `of[index]`, where the index is not known.
    Element(Operand, Operand),
    /// `list[index] = value`; the step has no value.
    SetElement(Operand, Operand, Operand),
    /// `list.append(value)`; the step has no value.
    Append(Operand, Operand),
    Length(Operand),
    /// Whether a `for` over the operand goes on at this index.
    HasItem(Operand, Operand),
    /// The operand as an index, as `range` takes it.
    Index(Operand),
    /// How many items `range(start, end, step)` has, as bits of a `u64`; the operands are what `Index` has made.
    RangeLength {
        start: Operand,
        end: Operand,
        step: Operand,
    },
    /// The sum, which wraps around.
    Advance(Variable, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Plus,
    Minus,
    Invert,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    ShiftLeft,
    ShiftRight,
    And,
    Or,
    Xor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(crate) enum End {
    Jump(BlockId),
    /// A jump back, where a loop can be interrupted.
    Again(BlockId),
    Branch {
        condition: Operand,
        then: BlockId,
        otherwise: BlockId,
    },
    Call {
        routine: RoutineId,
        arguments: Vec<Operand>,
        to: Variable,
        then: BlockId,
    },
    Return(Operand),
    /// The interpreter makes the call again.
    Leave,
}

impl End {
    pub(crate) fn successors(&self) -> impl Iterator<Item = BlockId> {
        let (first, second) = match *self {
            Self::Jump(to) | Self::Again(to) | Self::Call { then: to, .. } => (Some(to), None),
            Self::Branch {
                then, otherwise, ..
            } => (Some(then), Some(otherwise)),
            Self::Return(_) | Self::Leave => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// What a global name means.
#[derive(Debug, Clone)]
pub(crate) enum Binding {
    /// Nothing, until now.
    Missing,
    /// A number, true, false or None.
    Constant(Operand),
    Builtin(Builtin),
    Routine(RoutineId, Parameters),
    /// Something that compiled code does not know; the words name it.
    Other(String),
}

/// What the functions are told about names that are not their own.
pub(crate) trait Names {
    fn global(&mut self, name: &str) -> Binding;
    /// `module.name`, where `module` is a global name.
    fn attribute(&mut self, module: &str, name: &str) -> Binding;
}

/// How a compiled function is called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters {
    pub(crate) all: Vec<Parameter>,
    /// How many of them can be given by position.
    pub(crate) positional: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// `None` for one that can be given by position alone.
    pub(crate) keyword: Option<String>,
    pub(crate) default: Option<Operand>,
}
