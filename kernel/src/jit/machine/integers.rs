//! Arithmetic of integers. What does not fit into 64 bits is the interpreter's, and so are errors.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value};

use super::body::Body;
use super::helpers;
use crate::jit::flow::Binary;
use crate::jit::kind::Scalar;

impl Body<'_, '_> {
    /// `known` is the value of `right` where it is a constant.
    pub(super) fn of_integers(
        &mut self,
        operator: Binary,
        left: Value,
        right: Value,
        known: Option<i64>,
    ) -> Value {
        match operator {
            Binary::Add => {
                let result = self.builder.ins().sadd_overflow(left, right);
                self.unless_overflown(result)
            }
            Binary::Subtract => {
                let result = self.builder.ins().ssub_overflow(left, right);
                self.unless_overflown(result)
            }
            Binary::Multiply => self.product(left, right),
            Binary::FloorDivide => self.quotient(left, right, known),
            Binary::Remainder => self.remainder(left, right, known),
            Binary::Power => self.power(left, right, known),
            Binary::ShiftLeft => self.shifted_left(left, right),
            Binary::ShiftRight => self.shifted_right(left, right),
            Binary::And | Binary::Or | Binary::Xor => self.bitwise(operator, left, right),
            Binary::Divide => unreachable!("the quotient of integers is a float"),
        }
    }

    fn unless_overflown(&mut self, (result, overflows): (Value, Value)) -> Value {
        self.leave_if(overflows);
        result
    }

    fn product(&mut self, left: Value, right: Value) -> Value {
        let result = self.builder.ins().smul_overflow(left, right);
        self.unless_overflown(result)
    }

    pub(super) fn negated(&mut self, value: Value) -> Value {
        let zero = self.constant(0);
        let result = self.builder.ins().ssub_overflow(zero, value);
        self.unless_overflown(result)
    }

    fn is(&mut self, condition: IntCC, value: Value, other: i64) -> Value {
        let other = self.constant(other);
        self.builder.ins().icmp(condition, value, other)
    }

    fn leave_if_it_is(&mut self, condition: IntCC, value: Value, other: i64) {
        let is = self.is(condition, value, other);
        self.leave_if(is);
    }

    /// Leaves where the machine has no quotient.
    fn check_divisor(&mut self, left: Value, right: Value, known: Option<i64>) {
        if matches!(known, Some(known) if known != 0 && known != -1) {
            return;
        }
        self.leave_if_it_is(IntCC::Equal, right, 0);
        let is_least = self.is(IntCC::Equal, left, i64::MIN);
        let negates = self.is(IntCC::Equal, right, -1);
        let overflows = self.builder.ins().band(is_least, negates);
        self.leave_if(overflows);
    }

    /// The machine rounds towards 0 and Python downwards: whether there is a rest of the other sign.
    fn is_rounded_up(&mut self, rest: Value, divisor: Value, known: Option<i64>) -> Value {
        if known.is_some_and(i64::is_positive) {
            return self.is(IntCC::SignedLessThan, rest, 0);
        }
        let is_inexact = self.is(IntCC::NotEqual, rest, 0);
        let signs = self.builder.ins().bxor(rest, divisor);
        let differ = self.is(IntCC::SignedLessThan, signs, 0);
        self.builder.ins().band(is_inexact, differ)
    }

    fn quotient(&mut self, left: Value, right: Value, known: Option<i64>) -> Value {
        if let Some(power) = known.and_then(power_of_two) {
            let bits = self.constant(i64::from(power));
            return self.builder.ins().sshr(left, bits);
        }
        self.check_divisor(left, right, known);
        let quotient = self.builder.ins().sdiv(left, right);
        let product = self.builder.ins().imul(quotient, right);
        let rest = self.builder.ins().isub(left, product);
        let is_rounded_up = self.is_rounded_up(rest, right, known);
        let one = self.constant(1);
        let less = self.builder.ins().isub(quotient, one);
        self.builder.ins().select(is_rounded_up, less, quotient)
    }

    fn remainder(&mut self, left: Value, right: Value, known: Option<i64>) -> Value {
        if let Some(power) = known.and_then(power_of_two) {
            let mask = self.constant((1 << power) - 1);
            return self.builder.ins().band(left, mask);
        }
        self.check_divisor(left, right, known);
        let rest = self.builder.ins().srem(left, right);
        let is_rounded_up = self.is_rounded_up(rest, right, known);
        let more = self.builder.ins().iadd(rest, right);
        self.builder.ins().select(is_rounded_up, more, rest)
    }

    fn power(&mut self, base: Value, exponent: Value, known: Option<i64>) -> Value {
        match known {
            Some(1) => base,
            Some(2) => self.product(base, base),
            Some(3) => {
                let square = self.product(base, base);
                self.product(square, base)
            }
            _ => {
                let helper = helpers::integer_power as *const u8;
                self.helper(helper, &[base, exponent], Scalar::Int)
            }
        }
    }

    fn shifted_left(&mut self, value: Value, bits: Value) -> Value {
        // Negative numbers are large ones.
        self.leave_if_it_is(IntCC::UnsignedGreaterThan, bits, 62);
        let result = self.builder.ins().ishl(value, bits);
        let back = self.builder.ins().sshr(result, bits);
        let differs = self.builder.ins().icmp(IntCC::NotEqual, back, value);
        self.leave_if(differs);
        result
    }

    fn shifted_right(&mut self, value: Value, bits: Value) -> Value {
        self.leave_if_it_is(IntCC::SignedLessThan, bits, 0);
        let most = self.constant(63);
        let bits = self.builder.ins().smin(bits, most);
        self.builder.ins().sshr(value, bits)
    }

    pub(super) fn absolute(&mut self, value: Value) -> Value {
        self.leave_if_it_is(IntCC::Equal, value, i64::MIN);
        self.builder.ins().iabs(value)
    }
}

/// `n` where the value is `2**n`.
fn power_of_two(value: i64) -> Option<u32> {
    (value > 0 && value.count_ones() == 1).then(|| value.trailing_zeros())
}
