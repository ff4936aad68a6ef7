//! From one kind of number to another, and the built-in functions.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::body::Body;
use super::helpers;
use super::shape::Held;
use crate::jit::builtin::Builtin;
use crate::jit::kind::{Kind, Scalar};

/// All integers up to this are floats, too.
const EXACT: i64 = 1 << 53;

impl Body<'_, '_> {
    /// An int or bool as an int.
    pub(super) fn integer(&mut self, held: &Held) -> Value {
        match held.kind {
            Kind::Bool => self.builder.ins().uextend(types::I64, held.scalar()),
            _ => held.scalar(),
        }
    }

    /// A number as a float; an integer is rounded.
    pub(super) fn float(&mut self, held: &Held) -> Value {
        if held.kind == Kind::Float {
            return held.scalar();
        }
        let value = self.integer(held);
        self.builder.ins().fcvt_from_sint(types::F64, value)
    }

    /// A number as a float of the same value; leaves if there is none.
    pub(super) fn exact_float(&mut self, held: &Held) -> Value {
        if held.kind == Kind::Int {
            let (bias, most) = (self.constant(EXACT), self.constant(2 * EXACT));
            let moved = self.builder.ins().iadd(held.scalar(), bias);
            let is_large = self
                .builder
                .ins()
                .icmp(IntCC::UnsignedGreaterThan, moved, most);
            self.leave_if(is_large);
        }
        self.float(held)
    }

    /// A float without a fraction as an integer; leaves if it is not one of 64 bits.
    fn whole(&mut self, value: Value) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "it is a power of two")]
        let limit = i64::MIN as f64;
        let (least, most) = (
            self.builder.ins().f64const(limit),
            self.builder.ins().f64const(-limit),
        );
        let is_enough = self
            .builder
            .ins()
            .fcmp(FloatCC::GreaterThanOrEqual, value, least);
        let is_small = self.builder.ins().fcmp(FloatCC::LessThan, value, most);
        let fits = self.builder.ins().band(is_enough, is_small);
        let one = self.boolean(true);
        let does_not = self.builder.ins().bxor(fits, one);
        self.leave_if(does_not);
        self.builder.ins().fcvt_to_sint(types::I64, value)
    }

    pub(super) fn builtin(&mut self, builtin: Builtin, arguments: &[Held]) -> Value {
        let first = &arguments[0];
        match builtin {
            Builtin::Bool => self.as_bool(first),
            Builtin::Float => self.float(first),
            Builtin::Abs if first.kind == Kind::Float => self.builder.ins().fabs(first.scalar()),
            Builtin::Abs => {
                let value = self.integer(first);
                self.absolute(value)
            }
            Builtin::Int | Builtin::Trunc | Builtin::Ceil | Builtin::Floor | Builtin::Round
                if first.kind.is_integral() =>
            {
                self.integer(first)
            }
            Builtin::Int | Builtin::Trunc => {
                // Rounds towards 0.
                self.whole(first.scalar())
            }
            Builtin::Ceil => {
                let value = self.builder.ins().ceil(first.scalar());
                self.whole(value)
            }
            Builtin::Floor => {
                let value = self.builder.ins().floor(first.scalar());
                self.whole(value)
            }
            Builtin::Round => self.round(arguments),
            Builtin::Sqrt => {
                let value = self.float(first);
                self.square_root(value)
            }
            Builtin::IsNan => {
                let value = self.float(first);
                self.builder.ins().fcmp(FloatCC::Unordered, value, value)
            }
            Builtin::IsInf => {
                let value = self.float(first);
                self.against_infinity(FloatCC::Equal, value)
            }
            Builtin::IsFinite => {
                let value = self.float(first);
                self.against_infinity(FloatCC::LessThan, value)
            }
            Builtin::Isqrt => self.of_whole(helpers::integer_square_root as *const u8, arguments),
            Builtin::Gcd => self.of_whole(helpers::greatest_common_divisor as *const u8, arguments),
            Builtin::Real(function) => self.of_real(function.function as *const u8, arguments),
            Builtin::RealPair(function) => self.of_real(function.function as *const u8, arguments),
            Builtin::Divmod
            | Builtin::Len
            | Builtin::Max
            | Builtin::Min
            | Builtin::Power
            | Builtin::Range
            | Builtin::Sum => unreachable!("these are more than one step"),
        }
    }

    fn round(&mut self, arguments: &[Held]) -> Value {
        let value = arguments[0].scalar();
        match arguments.get(1) {
            None => {
                let nearest = self.builder.ins().nearest(value);
                self.whole(nearest)
            }
            Some(digits) => {
                let digits = self.integer(digits);
                let helper = helpers::round_to as *const u8;
                self.helper(helper, &[value, digits], Scalar::Float)
            }
        }
    }

    fn of_whole(&mut self, helper: *const u8, arguments: &[Held]) -> Value {
        let values: Vec<_> = arguments.iter().map(|held| self.integer(held)).collect();
        self.helper(helper, &values, Scalar::Int)
    }

    fn of_real(&mut self, helper: *const u8, arguments: &[Held]) -> Value {
        let values: Vec<_> = arguments.iter().map(|held| self.float(held)).collect();
        self.helper(helper, &values, Scalar::Float)
    }
}
