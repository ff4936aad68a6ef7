//! Comparisons.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value};

use super::body::Body;
use super::shape::Held;
use crate::jit::flow::Comparison;
use crate::jit::kind::Kind;

impl Body<'_, '_> {
    pub(super) fn compare(&mut self, comparison: Comparison, left: &Held, right: &Held) -> Value {
        if left.kind == Kind::None || right.kind == Kind::None {
            let are_equal = left.kind == right.kind;
            return self.boolean(are_equal == (comparison == Comparison::Equal));
        }
        if left.kind.is_integral() && right.kind.is_integral() {
            let (left, right) = (self.integer(left), self.integer(right));
            return self
                .builder
                .ins()
                .icmp(of_integers(comparison), left, right);
        }
        // Python compares the values themselves; a rounded integer has another one.
        let (left, right) = (self.exact_float(left), self.exact_float(right));
        self.builder.ins().fcmp(of_floats(comparison), left, right)
    }
}

fn of_integers(comparison: Comparison) -> IntCC {
    match comparison {
        Comparison::Equal => IntCC::Equal,
        Comparison::NotEqual => IntCC::NotEqual,
        Comparison::Less => IntCC::SignedLessThan,
        Comparison::LessOrEqual => IntCC::SignedLessThanOrEqual,
        Comparison::Greater => IntCC::SignedGreaterThan,
        Comparison::GreaterOrEqual => IntCC::SignedGreaterThanOrEqual,
    }
}

fn of_floats(comparison: Comparison) -> FloatCC {
    match comparison {
        Comparison::Equal => FloatCC::Equal,
        Comparison::NotEqual => FloatCC::NotEqual,
        Comparison::Less => FloatCC::LessThan,
        Comparison::LessOrEqual => FloatCC::LessThanOrEqual,
        Comparison::Greater => FloatCC::GreaterThan,
        Comparison::GreaterOrEqual => FloatCC::GreaterThanOrEqual,
    }
}
