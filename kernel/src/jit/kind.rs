//! What kind of value a variable has at one point of a function.

/// A kind of value that compiled code knows. Each has exact objects of Python alone: an instance of a subclass of `int`
/// is none of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// No value: the variable was not assigned, or nobody will read it.
    Unbound,
    None,
    Bool,
    /// 64 bits with a sign; whatever does not fit is the interpreter's.
    Int,
    Float,
    Tuple(Vec<Kind>),
    /// Of numbers of one kind.
    List(Scalar, Origin),
}

/// Where a list comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The copy of an argument, which is only read.
    Given,
    /// Made by the call, which nobody else sees before it is returned.
    Made,
}

/// A value's place in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scalar {
    Bool,
    Int,
    Float,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unbound => f.write_str("nothing"),
            Self::None => f.write_str("None"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Tuple(items) => {
                let items: Vec<_> = items.iter().map(Self::to_string).collect();
                write!(f, "tuple[{}]", items.join(", "))
            }
            Self::List(item, _) => write!(f, "list[{}]", Self::of(*item)),
        }
    }
}

impl Kind {
    /// The registers that a value of this kind takes, in order.
    pub(crate) fn scalars(&self) -> Vec<Scalar> {
        match self {
            Self::Unbound | Self::None => Vec::new(),
            Self::Bool => vec![Scalar::Bool],
            // Of a list it is the address of a `machine::lists::List`.
            Self::Int | Self::List(..) => vec![Scalar::Int],
            Self::Float => vec![Scalar::Float],
            Self::Tuple(items) => items.iter().flat_map(Self::scalars).collect(),
        }
    }

    pub(crate) fn of(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool => Self::Bool,
            Scalar::Int => Self::Int,
            Scalar::Float => Self::Float,
        }
    }

    /// The kind of number that it is.
    pub(crate) fn as_scalar(&self) -> Option<Scalar> {
        match self {
            Self::Bool => Some(Scalar::Bool),
            Self::Int => Some(Scalar::Int),
            Self::Float => Some(Scalar::Float),
            _ => None,
        }
    }

    pub(crate) fn has_list(&self) -> bool {
        match self {
            Self::List(..) => true,
            Self::Tuple(items) => items.iter().any(Self::has_list),
            _ => false,
        }
    }

    pub(crate) fn is_integral(&self) -> bool {
        matches!(self, Self::Bool | Self::Int)
    }

    pub(crate) fn is_number(&self) -> bool {
        self.is_integral() || *self == Self::Float
    }
}
