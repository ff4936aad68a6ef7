//! Operators of two numbers.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::body::Body;
use super::shape::Held;
use crate::jit::flow::{Binary, Operand};
use crate::jit::kind::Kind;

impl Body<'_, '_> {
    /// `left operator right`, which is of `kind`; `right_operand` is what the second one was, for its value where that
    /// is known.
    pub(super) fn binary(
        &mut self,
        operator: Binary,
        left: &Held,
        right: &Held,
        right_operand: Operand,
        kind: &Kind,
    ) -> Value {
        let known = match right_operand {
            Operand::Int(value) => Some(value),
            _ => None,
        };
        match kind {
            Kind::List(..) => {
                let count = self.integer(right);
                self.repeated(left, count)
            }
            Kind::Bool => {
                let (left, right) = (left.scalar(), right.scalar());
                self.bitwise(operator, left, right)
            }
            Kind::Int => {
                let (left, right) = (self.integer(left), self.integer(right));
                self.of_integers(operator, left, right, known)
            }
            _ if left.kind.is_integral() && right.kind.is_integral() => {
                // True division, and powers with a negative exponent.
                let (left, right) = (self.exact_float(left), self.exact_float(right));
                self.of_floats(operator, left, right)
            }
            _ => {
                let (left, right) = (self.float(left), self.float(right));
                self.of_floats(operator, left, right)
            }
        }
    }

    pub(super) fn bitwise(&mut self, operator: Binary, left: Value, right: Value) -> Value {
        match operator {
            Binary::And => self.builder.ins().band(left, right),
            Binary::Or => self.builder.ins().bor(left, right),
            _ => self.builder.ins().bxor(left, right),
        }
    }
}
