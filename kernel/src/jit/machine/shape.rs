//! Values in registers.

use cranelift_codegen::ir::{Type, Value, types};

use crate::jit::kind::{Kind, Scalar};

pub(super) fn machine_type(scalar: Scalar) -> Type {
    match scalar {
        Scalar::Bool => types::I8,
        Scalar::Int => types::I64,
        Scalar::Float => types::F64,
    }
}

/// A value: its kind, and one register for each scalar of it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) kind: Kind,
    pub(super) scalars: Vec<Value>,
}

impl Held {
    pub(super) fn one(kind: Kind, value: Value) -> Self {
        Self {
            kind,
            scalars: vec![value],
        }
    }

    /// The register of a value that is a number.
    pub(super) fn scalar(&self) -> Value {
        self.scalars[0]
    }

    /// Item `place` of a tuple.
    pub(super) fn item(&self, place: usize) -> Self {
        let Kind::Tuple(items) = &self.kind else {
            return self.clone();
        };
        let before: usize = items[..place].iter().map(|kind| kind.scalars().len()).sum();
        let count = items[place].scalars().len();
        Self {
            kind: items[place].clone(),
            scalars: self.scalars[before..before + count].to_vec(),
        }
    }
}
