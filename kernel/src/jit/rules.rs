//! Which kind of value a step has, from the kinds of its operands: the rules of Python's numbers.

use super::builtin::Builtin;
use super::flow::{Action, Binary, Comparison, Operand, Unary, Variable};
use super::kind::{Kind, Origin};

/// The kinds of all variables at one point of a function.
pub(super) type Kinds = Vec<Kind>;

pub(super) fn of_operand(operand: Operand, kinds: &Kinds) -> Kind {
    match operand {
        Operand::Variable(variable) => kinds[variable].clone(),
        Operand::Int(_) => Kind::Int,
        Operand::Float(_) => Kind::Float,
        Operand::Bool(_) => Kind::Bool,
        Operand::None => Kind::None,
    }
}

/// `None` where the interpreter has to make the step, which is an error there, or something that is not compiled.
pub(super) fn of_action(action: &Action, kinds: &Kinds) -> Option<Kind> {
    let of = |operand: &Operand| of_operand(*operand, kinds);
    match action {
        Action::Unbind => Some(Kind::Unbound),
        Action::Copy(value) => Some(of(value)).filter(|kind| *kind != Kind::Unbound),
        Action::Unary(operator, value) => of_unary(*operator, &of(value)),
        Action::InPlace(_, left, _) if matches!(of(left), Kind::List(..)) => None,
        Action::Binary(operator, left, right) | Action::InPlace(operator, left, right) => {
            of_binary(*operator, &of(left), &of(right), *right)
        }
        Action::Compare(comparison, left, right) => {
            of_comparison(*comparison, &of(left), &of(right))
        }
        Action::IsNone(value) => (of(value) != Kind::Unbound).then_some(Kind::Bool),
        Action::Call(builtin, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(of).collect();
            of_call(*builtin, &arguments)
        }
        Action::Pack(items) => {
            let items: Vec<_> = items.iter().map(of).collect();
            (!items.contains(&Kind::Unbound)).then_some(Kind::Tuple(items))
        }
        Action::Item {
            of: tuple,
            index,
            arity,
        } => match of(tuple) {
            list @ Kind::List(..) if arity.is_none() => of_element(&list, &Kind::Int),
            Kind::Tuple(items) if arity.is_none_or(|arity| arity == items.len()) => {
                place(*index, items.len()).map(|place| items[place].clone())
            }
            _ => None,
        },
        Action::List(items) => {
            let mut kinds = items.iter().map(of);
            let first = kinds.next()?.as_scalar()?;
            let is_uniform = kinds.all(|kind| kind.as_scalar() == Some(first));
            is_uniform.then_some(Kind::List(first, Origin::Made))
        }
        Action::Element(list, index) => of_element(&of(list), &of(index)),
        Action::SetElement(list, index, value) => {
            of_element(&of(list), &of(index)).filter(|_| is_stored(&of(list), &of(value)))?;
            Some(Kind::None)
        }
        Action::Append(list, value) => is_stored(&of(list), &of(value)).then_some(Kind::None),
        Action::Length(value) => match of(value) {
            Kind::List(..) | Kind::Tuple(_) => Some(Kind::Int),
            _ => None,
        },
        Action::HasItem(list, _) => matches!(of(list), Kind::List(..)).then_some(Kind::Bool),
        Action::Index(value) => of(value).is_integral().then_some(Kind::Int),
        Action::RangeLength { .. } => Some(Kind::Int),
        Action::Advance(variable, _) => of_advanced(*variable, kinds),
    }
}

fn of_element(list: &Kind, index: &Kind) -> Option<Kind> {
    match list {
        Kind::List(item, _) if index.is_integral() => Some(Kind::of(*item)),
        _ => None,
    }
}

/// Whether the value can be an item of the list.
fn is_stored(list: &Kind, value: &Kind) -> bool {
    matches!(list, Kind::List(item, Origin::Made) if value.as_scalar() == Some(*item))
}

fn of_advanced(variable: Variable, kinds: &Kinds) -> Option<Kind> {
    (kinds[variable] == Kind::Int).then_some(Kind::Int)
}

/// Where item `index` of a tuple with so many items is.
pub(super) fn place(index: i64, items: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add_unsigned(items as u64)?
    } else {
        index
    };
    usize::try_from(index).ok().filter(|&place| place < items)
}

fn of_unary(operator: Unary, kind: &Kind) -> Option<Kind> {
    match operator {
        Unary::Not => (*kind != Kind::Unbound).then_some(Kind::Bool),
        Unary::Plus | Unary::Minus if kind.is_integral() => Some(Kind::Int),
        Unary::Plus | Unary::Minus => (*kind == Kind::Float).then_some(Kind::Float),
        // That of a bool warns.
        Unary::Invert => (*kind == Kind::Int).then_some(Kind::Int),
    }
}

fn of_binary(operator: Binary, left: &Kind, right: &Kind, exponent: Operand) -> Option<Kind> {
    if let (Kind::List(item, _), Binary::Multiply, true) = (left, operator, right.is_integral()) {
        return Some(Kind::List(*item, Origin::Made));
    }
    if !left.is_number() || !right.is_number() {
        return None;
    }
    let are_integral = left.is_integral() && right.is_integral();
    match operator {
        Binary::And | Binary::Or | Binary::Xor if *left == Kind::Bool && *right == Kind::Bool => {
            Some(Kind::Bool)
        }
        Binary::And | Binary::Or | Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight => {
            are_integral.then_some(Kind::Int)
        }
        Binary::Divide => Some(Kind::Float),
        Binary::Power if matches!(exponent, Operand::Int(..0)) => Some(Kind::Float),
        _ if are_integral => Some(Kind::Int),
        _ => Some(Kind::Float),
    }
}

fn of_comparison(comparison: Comparison, left: &Kind, right: &Kind) -> Option<Kind> {
    let is_known = match comparison {
        Comparison::Equal | Comparison::NotEqual => {
            let is_simple = |kind: &Kind| kind.is_number() || *kind == Kind::None;
            is_simple(left) && is_simple(right)
        }
        _ => left.is_number() && right.is_number(),
    };
    is_known.then_some(Kind::Bool)
}

fn of_call(builtin: Builtin, arguments: &[Kind]) -> Option<Kind> {
    let first = arguments.first()?;
    if !arguments.iter().all(Kind::is_number) {
        return (matches!(builtin, Builtin::Bool) && *first != Kind::Unbound).then_some(Kind::Bool);
    }
    match builtin {
        Builtin::Bool | Builtin::IsFinite | Builtin::IsInf | Builtin::IsNan => Some(Kind::Bool),
        Builtin::Float | Builtin::Sqrt | Builtin::Real(_) | Builtin::RealPair(_) => {
            Some(Kind::Float)
        }
        Builtin::Abs if *first == Kind::Float => Some(Kind::Float),
        Builtin::Abs | Builtin::Int | Builtin::Ceil | Builtin::Floor | Builtin::Trunc => {
            Some(Kind::Int)
        }
        Builtin::Round => match arguments {
            [_] => Some(Kind::Int),
            [Kind::Float, digits] if digits.is_integral() => Some(Kind::Float),
            _ => None,
        },
        Builtin::Gcd | Builtin::Isqrt => {
            arguments.iter().all(Kind::is_integral).then_some(Kind::Int)
        }
        Builtin::Divmod
        | Builtin::Len
        | Builtin::Max
        | Builtin::Min
        | Builtin::Power
        | Builtin::Range
        | Builtin::Sum => None,
    }
}
