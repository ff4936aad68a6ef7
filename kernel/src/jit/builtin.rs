//! The functions of Python's that compiled code knows.

use super::machine::helpers::{BINARY, Binary, UNARY, Unary};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Builtin {
    Abs,
    Bool,
    Ceil,
    Divmod,
    Float,
    Floor,
    Gcd,
    Int,
    IsFinite,
    IsInf,
    IsNan,
    Isqrt,
    Len,
    Max,
    Min,
    /// `pow`, which is `**`.
    Power,
    Range,
    Round,
    Sqrt,
    Sum,
    Trunc,
    /// Of floats; there may be no result.
    Real(&'static Unary),
    RealPair(&'static Binary),
}

const OF_BUILTINS: [(&str, Builtin); 12] = [
    ("abs", Builtin::Abs),
    ("bool", Builtin::Bool),
    ("divmod", Builtin::Divmod),
    ("float", Builtin::Float),
    ("int", Builtin::Int),
    ("len", Builtin::Len),
    ("max", Builtin::Max),
    ("min", Builtin::Min),
    ("pow", Builtin::Power),
    ("range", Builtin::Range),
    ("round", Builtin::Round),
    ("sum", Builtin::Sum),
];

const OF_MATH: [(&str, Builtin); 9] = [
    ("ceil", Builtin::Ceil),
    ("floor", Builtin::Floor),
    ("gcd", Builtin::Gcd),
    ("isfinite", Builtin::IsFinite),
    ("isinf", Builtin::IsInf),
    ("isnan", Builtin::IsNan),
    ("isqrt", Builtin::Isqrt),
    ("sqrt", Builtin::Sqrt),
    ("trunc", Builtin::Trunc),
];

impl Builtin {
    /// The function `name` of the module `builtins` or `math`.
    pub(crate) fn find(module: &str, name: &str) -> Option<Self> {
        let known = |table: &[(&str, Self)]| {
            table
                .iter()
                .find(|(known, _)| *known == name)
                .map(|&(_, builtin)| builtin)
        };
        match module {
            "builtins" => known(&OF_BUILTINS),
            "math" => known(&OF_MATH)
                .or_else(|| UNARY.iter().find(|f| f.name == name).map(Self::Real))
                .or_else(|| BINARY.iter().find(|f| f.name == name).map(Self::RealPair)),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Real(function) => function.name,
            Self::RealPair(function) => function.name,
            Self::Abs => "abs",
            Self::Bool => "bool",
            Self::Ceil => "ceil",
            Self::Divmod => "divmod",
            Self::Float => "float",
            Self::Floor => "floor",
            Self::Gcd => "gcd",
            Self::Int => "int",
            Self::IsFinite => "isfinite",
            Self::IsInf => "isinf",
            Self::IsNan => "isnan",
            Self::Isqrt => "isqrt",
            Self::Len => "len",
            Self::Max => "max",
            Self::Min => "min",
            Self::Power => "pow",
            Self::Range => "range",
            Self::Round => "round",
            Self::Sqrt => "sqrt",
            Self::Sum => "sum",
            Self::Trunc => "trunc",
        }
    }

    /// Whether it is one step, with so many arguments.
    pub(crate) fn takes(self, arguments: usize) -> bool {
        match self {
            Self::Round => (1..=2).contains(&arguments),
            Self::Gcd | Self::RealPair(_) => arguments == 2,
            Self::Divmod
            | Self::Len
            | Self::Max
            | Self::Min
            | Self::Power
            | Self::Range
            | Self::Sum => false,
            _ => arguments == 1,
        }
    }
}
