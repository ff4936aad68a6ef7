//! Arithmetic of floats.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Value};

use super::body::Body;
use super::helpers;
use crate::jit::flow::Binary;
use crate::jit::kind::Scalar;

impl Body<'_, '_> {
    pub(super) fn of_floats(&mut self, operator: Binary, left: Value, right: Value) -> Value {
        match operator {
            Binary::Add => self.builder.ins().fadd(left, right),
            Binary::Subtract => self.builder.ins().fsub(left, right),
            Binary::Multiply => self.builder.ins().fmul(left, right),
            Binary::Divide => {
                self.leave_if_zero(right);
                self.builder.ins().fdiv(left, right)
            }
            Binary::FloorDivide => {
                self.leave_if_zero(right);
                self.pair(helpers::floor_divide, left, right)
            }
            Binary::Remainder => {
                self.leave_if_zero(right);
                self.pair(helpers::remainder, left, right)
            }
            Binary::Power => self.pair(helpers::power, left, right),
            _ => unreachable!("floats have no bits in Python"),
        }
    }

    fn leave_if_zero(&mut self, value: Value) {
        let zero = self.builder.ins().f64const(0.0);
        let is_zero = self.builder.ins().fcmp(FloatCC::Equal, value, zero);
        self.leave_if(is_zero);
    }

    fn pair(
        &mut self,
        function: extern "C" fn(f64, f64) -> helpers::Outcome,
        left: Value,
        right: Value,
    ) -> Value {
        self.helper(function as *const u8, &[left, right], Scalar::Float)
    }

    pub(super) fn square_root(&mut self, value: Value) -> Value {
        let zero = self.builder.ins().f64const(0.0);
        let has_none = self.builder.ins().fcmp(FloatCC::LessThan, value, zero);
        self.leave_if(has_none);
        self.builder.ins().sqrt(value)
    }

    /// Whether its magnitude compares so with infinity.
    pub(super) fn against_infinity(&mut self, condition: FloatCC, value: Value) -> Value {
        let infinity = self.builder.ins().f64const(f64::INFINITY);
        let magnitude = self.builder.ins().fabs(value);
        self.builder.ins().fcmp(condition, magnitude, infinity)
    }
}
