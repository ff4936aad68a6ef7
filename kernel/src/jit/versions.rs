//! Versions of blocks: one for each set of kinds that its variables come with. A variable may be an integer in the first
//! turn of a loop and a float in the next ones; then the loop exists twice.

use super::flow::{BlockId, Operand, Routine};
use super::kind::Kind;
use super::rules::{Kinds, of_operand};

/// A function with more versions of blocks is left to the interpreter.
pub(super) const MOST: usize = 1000;

/// The kinds with which a function begins.
pub(super) fn at_entry(routine: &Routine, arguments: &[Kind]) -> Kinds {
    let mut kinds = arguments.to_vec();
    kinds.resize(routine.variables, Kind::Unbound);
    normal(routine, 0, &kinds)
}

/// The kinds that matter to a block.
pub(super) fn normal(routine: &Routine, block: BlockId, kinds: &Kinds) -> Kinds {
    let live = &routine.blocks[block].live;
    let of = |(kind, is_live): (&Kind, &bool)| {
        if *is_live {
            kind.clone()
        } else {
            Kind::Unbound
        }
    };
    kinds.iter().zip(live).map(of).collect()
}

pub(super) enum Decision {
    /// Nobody knows before the code runs.
    Open,
    Known(bool),
    /// It is an error to ask.
    Leaves,
}

/// Whether a condition is true, where its kind says so.
pub(super) fn decided(condition: Operand, kinds: &Kinds) -> Decision {
    match (condition, of_operand(condition, kinds)) {
        (_, Kind::Unbound) => Decision::Leaves,
        (_, Kind::None) => Decision::Known(false),
        (_, Kind::List(..)) => Decision::Open,
        (_, Kind::Tuple(items)) => Decision::Known(!items.is_empty()),
        (Operand::Bool(value), _) => Decision::Known(value),
        (Operand::Int(value), _) => Decision::Known(value != 0),
        _ => Decision::Open,
    }
}
