//! What compiled code calls: the functions that the interpreter itself computes with, so that both have the same
//! results to the last bit.

use rustpython_common::float_ops;

/// A result, as bits, and whether there is none: then the interpreter makes the call again, and knows why.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) failed: i64,
    pub(crate) bits: i64,
}

impl Outcome {
    const FAILED: Self = Self { failed: 1, bits: 0 };

    fn of_float(value: Option<f64>) -> Self {
        value.map_or(Self::FAILED, |value| Self {
            failed: 0,
            bits: value.to_bits().cast_signed(),
        })
    }

    pub(super) fn of_int(value: Option<i64>) -> Self {
        value.map_or(Self::FAILED, |bits| Self { failed: 0, bits })
    }
}

/// A function of `math`.
#[derive(Debug)]
pub(crate) struct Unary {
    pub(crate) name: &'static str,
    pub(crate) function: extern "C" fn(f64) -> Outcome,
}

#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) name: &'static str,
    pub(crate) function: extern "C" fn(f64, f64) -> Outcome,
}

macro_rules! of_one {
    ($($name:ident)*) => {
        mod one {
            $(pub(super) extern "C" fn $name(x: f64) -> super::Outcome {
                super::Outcome::of_float(pymath::math::$name(x).ok())
            })*
        }
        /// Functions of one float.
        pub(crate) static UNARY: &[Unary] = &[
            $(Unary { name: stringify!($name), function: one::$name },)*
            Unary { name: "degrees", function: degrees },
            Unary { name: "radians", function: radians },
            Unary { name: "log", function: log },
        ];
    };
}

macro_rules! of_two {
    ($($name:ident)*) => {
        mod two {
            $(pub(super) extern "C" fn $name(x: f64, y: f64) -> super::Outcome {
                super::Outcome::of_float(pymath::math::$name(x, y).ok())
            })*
        }
        /// Functions of two floats.
        pub(crate) static BINARY: &[Binary] = &[
            $(Binary { name: stringify!($name), function: two::$name },)*
            Binary { name: "hypot", function: hypot },
        ];
    };
}

of_one! {
    acos acosh asin asinh atan atanh cbrt cos cosh erf erfc exp exp2 expm1 fabs gamma lgamma log10 log1p log2 sin sinh
    tan tanh
}

of_two! { atan2 copysign fmod pow remainder }

/// `math.log` with a base.
pub(crate) static LOG_OF_BASE: Binary = Binary {
    name: "log",
    function: log_of_base,
};

extern "C" fn log_of_base(x: f64, base: f64) -> Outcome {
    Outcome::of_float(pymath::math::log(x, Some(base)).ok())
}

extern "C" fn degrees(x: f64) -> Outcome {
    Outcome::of_float(Some(pymath::math::degrees(x)))
}

extern "C" fn radians(x: f64) -> Outcome {
    Outcome::of_float(Some(pymath::math::radians(x)))
}

extern "C" fn log(x: f64) -> Outcome {
    Outcome::of_float(pymath::math::log(x, None).ok())
}

extern "C" fn hypot(x: f64, y: f64) -> Outcome {
    Outcome::of_float(Some(pymath::math::hypot(&[x, y])))
}

/// `x % y`, where `y` is not 0.
pub(super) extern "C" fn remainder(x: f64, y: f64) -> Outcome {
    Outcome::of_float(float_ops::mod_(x, y))
}

/// `x // y`, where `y` is not 0.
pub(super) extern "C" fn floor_divide(x: f64, y: f64) -> Outcome {
    Outcome::of_float(float_ops::floordiv(x, y))
}

/// `x ** y`. Complex results, and errors, are the interpreter's.
#[expect(clippy::float_cmp, reason = "only a whole number is its own floor")]
pub(super) extern "C" fn power(x: f64, y: f64) -> Outcome {
    let is_special = (x == 0.0 && y.is_sign_negative()) || (x.is_sign_negative() && y.floor() != y);
    let result = x.powf(y);
    let is_too_large = result.is_infinite() && x.is_finite() && y.is_finite();
    let is_usual = !is_special && !is_too_large && !x.is_nan() && !y.is_nan();
    Outcome::of_float(is_usual.then_some(result))
}

/// `x ** y` of integers.
pub(super) extern "C" fn integer_power(x: i64, y: i64) -> Outcome {
    Outcome::of_int(u32::try_from(y).ok().and_then(|y| x.checked_pow(y)))
}

pub(super) extern "C" fn round_to(x: f64, digits: i64) -> Outcome {
    let digits = i32::try_from(digits).ok();
    Outcome::of_float(digits.and_then(|digits| float_ops::round_float_digits(x, digits)))
}

pub(super) extern "C" fn integer_square_root(x: i64) -> Outcome {
    Outcome::of_int(x.checked_isqrt())
}

pub(super) extern "C" fn greatest_common_divisor(x: i64, y: i64) -> Outcome {
    let (mut x, mut y) = (x.unsigned_abs(), y.unsigned_abs());
    while y != 0 {
        (x, y) = (y, x % y);
    }
    Outcome::of_int(i64::try_from(x).ok())
}

/// As `range(start, end, step)` has so many items; the bits of a `u64`. Without `step` there is no range.
pub(super) extern "C" fn range_length(start: i64, end: i64, step: i64) -> Outcome {
    let (first, last) = if step > 0 { (start, end) } else { (end, start) };
    let length = match (last > first, step) {
        (_, 0) => return Outcome::FAILED,
        (false, _) => 0,
        (true, _) => (last.wrapping_sub(first).cast_unsigned() - 1) / step.unsigned_abs() + 1,
    };
    Outcome::of_int(Some(length.cast_signed()))
}
