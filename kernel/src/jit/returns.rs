//! Which kinds of values functions return, for each list of kinds that they are called with.
//!
//! Functions call each other and themselves, so the answer is looked for until it does not change: at first no function
//! returns anything, and each round knows more.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::flow::{BlockId, End, RoutineId};
use super::kind::Kind;
use super::refusal::Refusal;
use super::rules::{Kinds, of_action, of_operand};
use super::{Program, versions};

/// A function with the kinds of its arguments.
pub(super) type Signature = (RoutineId, Vec<Kind>);

/// A function that is called with more lists of kinds than this is left to the interpreter.
const MOST_SIGNATURES: usize = 64;
/// What a tuple may have in registers.
pub(super) const MOST_SCALARS: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Returns(HashMap<Signature, BTreeSet<Kind>>);

impl Returns {
    /// All that `root` calls, and itself.
    ///
    /// # Errors
    /// When there is no end to the kinds.
    pub(super) fn infer(program: &Program, root: &Signature) -> Result<Self, Refusal> {
        let mut returns = Self::default();
        returns.0.insert(root.clone(), BTreeSet::new());
        loop {
            let before = returns.size();
            let signatures: Vec<_> = returns.0.keys().cloned().collect();
            for signature in signatures {
                let kinds = returns.of_routine(program, &signature)?;
                returns.0.entry(signature).or_default().extend(kinds);
            }
            if returns.0.len() > MOST_SIGNATURES {
                return Err(Refusal::of_all("the many types of its arguments"));
            }
            if returns.size() == before {
                return Ok(returns);
            }
        }
    }

    fn size(&self) -> usize {
        self.0.values().map(|kinds| kinds.len() + 1).sum()
    }

    pub(super) fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.0.keys()
    }

    /// In the order in which compiled code numbers them.
    pub(super) fn of(&self, signature: &Signature) -> Vec<Kind> {
        self.0
            .get(signature)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn of_routine(
        &mut self,
        program: &Program,
        signature: &Signature,
    ) -> Result<BTreeSet<Kind>, Refusal> {
        let routine = &program.routines[signature.0];
        let mut found = BTreeSet::new();
        let mut known = HashSet::new();
        let mut queue: Vec<(BlockId, Kinds)> = vec![(0, versions::at_entry(routine, &signature.1))];
        while let Some((block, mut kinds)) = queue.pop() {
            let end = {
                let block = &routine.blocks[block];
                let all_known = block.steps.iter().all(|step| {
                    of_action(&step.action, &kinds)
                        .map(|kind| kinds[step.to] = kind)
                        .is_some()
                });
                if !all_known {
                    continue;
                }
                &block.end
            };
            let mut go_on = |to: BlockId, kinds: &Kinds| {
                let version = (to, versions::normal(routine, to, kinds));
                if known.insert(version.clone()) {
                    queue.push(version);
                }
            };
            match end {
                End::Jump(to) | End::Again(to) => go_on(*to, &kinds),
                End::Branch {
                    condition,
                    then,
                    otherwise,
                } => match versions::decided(*condition, &kinds) {
                    versions::Decision::Leaves => {}
                    versions::Decision::Known(true) => go_on(*then, &kinds),
                    versions::Decision::Known(false) => go_on(*otherwise, &kinds),
                    versions::Decision::Open => {
                        go_on(*then, &kinds);
                        go_on(*otherwise, &kinds);
                    }
                },
                End::Call {
                    routine: callee,
                    arguments,
                    to,
                    then,
                } => {
                    let arguments: Vec<_> = arguments
                        .iter()
                        .map(|&argument| of_operand(argument, &kinds))
                        .collect();
                    if arguments.contains(&Kind::Unbound) {
                        continue;
                    }
                    for kind in self.0.entry((*callee, arguments)).or_default().iter() {
                        kinds[*to] = kind.clone();
                        go_on(*then, &kinds);
                    }
                }
                End::Return(value) => {
                    let kind = of_operand(*value, &kinds);
                    if kind.scalars().len() > MOST_SCALARS {
                        return Err(Refusal::of_all("the size of the tuple that it returns"));
                    }
                    let is_list = matches!(kind, Kind::List(..));
                    if kind != Kind::Unbound && (is_list || !kind.has_list()) {
                        found.insert(kind);
                    }
                }
                End::Leave => {}
            }
            if known.len() > versions::MOST {
                return Err(Refusal::of_all(
                    "variables that change their types too often",
                ));
            }
        }
        Ok(found)
    }
}
