//! The blocks of a function while they are made.

use std::collections::HashMap;

use ruff_python_ast::StmtFunctionDef;
use ruff_text_size::{Ranged, TextSize};

use super::locals::{assigned_names, has_walrus};
use super::{Action, Block, BlockId, End, Names, Operand, Routine, Step, Variable};
use crate::jit::refusal::Refusal;

/// Deeper expressions and statements are left to the interpreter, which has a larger stack for them.
const MOST_NESTED: usize = 200;
/// What a function may have at most: its machine code is made while somebody waits.
const MOST_BLOCKS: usize = 1000;

/// Which line a place in the source is in.
pub(crate) struct Lines<'a>(pub(crate) &'a str);

impl Lines<'_> {
    /// Counted from 1.
    pub(crate) fn number(&self, place: TextSize) -> usize {
        1 + self.0[..place.to_usize()].matches('\n').count()
    }
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

/// # Errors
/// The first construct that is not compiled.
pub(crate) fn lower(
    function: &StmtFunctionDef,
    lines: &Lines<'_>,
    names: &mut dyn Names,
) -> Result<Routine> {
    let mut building = Building::new(lines, names);
    building.parameters(function)?;
    for name in assigned_names(&function.body) {
        building.declare(name);
    }
    building.copies_names = has_walrus(&function.body);
    building.suite(&function.body)?;
    building.end(End::Return(Operand::None));
    let mut routine = building.finish();
    super::liveness::fill_in(&mut routine);
    Ok(routine)
}

pub(super) struct Building<'a> {
    lines: &'a Lines<'a>,
    pub(super) names: &'a mut dyn Names,
    pub(super) locals: HashMap<String, Variable>,
    variables: usize,
    blocks: Vec<(Vec<Step>, Option<End>)>,
    current: BlockId,
    /// Where `continue` and `break` go, of the loops around the current place.
    pub(super) loops: Vec<(BlockId, BlockId)>,
    nested: usize,
    /// Whether an expression may assign a variable that it has read before.
    pub(super) copies_names: bool,
}

impl<'a> Building<'a> {
    fn new(lines: &'a Lines<'a>, names: &'a mut dyn Names) -> Self {
        Self {
            lines,
            names,
            locals: HashMap::new(),
            variables: 0,
            blocks: vec![(Vec::new(), None)],
            current: 0,
            loops: Vec::new(),
            nested: 0,
            copies_names: false,
        }
    }

    fn parameters(&mut self, function: &StmtFunctionDef) -> Result<()> {
        let parameters = &function.parameters;
        if function.is_async {
            return self.refuse(function, "`async def`");
        }
        if let Some(vararg) = &parameters.vararg {
            return self.refuse(&**vararg, "a parameter with `*`");
        }
        if let Some(kwarg) = &parameters.kwarg {
            return self.refuse(&**kwarg, "a parameter with `**`");
        }
        let all = [
            &parameters.posonlyargs,
            &parameters.args,
            &parameters.kwonlyargs,
        ];
        for parameter in all.into_iter().flatten() {
            self.declare(parameter.parameter.name.to_string());
        }
        Ok(())
    }

    fn finish(self) -> Routine {
        let blocks = self.blocks.into_iter().map(|(steps, end)| Block {
            steps,
            // Code behind a `return`, which nothing jumps to.
            end: end.unwrap_or(End::Leave),
            live: Vec::new(),
        });
        Routine {
            variables: self.variables,
            blocks: blocks.collect(),
        }
    }

    pub(super) fn refuse<T>(&self, at: &impl Ranged, what: impl Into<String>) -> Result<T> {
        Err(Refusal {
            what: what.into(),
            line: Some(self.lines.number(at.start())),
        })
    }

    /// `build`, one level deeper in the syntax tree.
    pub(super) fn nested<T>(
        &mut self,
        at: &impl Ranged,
        build: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.nested == MOST_NESTED || self.blocks.len() > MOST_BLOCKS {
            return self.refuse(at, "the size of the code");
        }
        self.nested += 1;
        let result = build(self);
        self.nested -= 1;
        result
    }

    fn declare(&mut self, name: String) {
        if !self.locals.contains_key(&name) {
            let variable = self.fresh();
            self.locals.insert(name, variable);
        }
    }

    pub(super) fn fresh(&mut self) -> Variable {
        self.variables += 1;
        self.variables - 1
    }

    pub(super) fn block(&mut self) -> BlockId {
        self.blocks.push((Vec::new(), None));
        self.blocks.len() - 1
    }

    /// What follows goes into `block`.
    pub(super) fn enter(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Ends the current block, if nothing has.
    pub(super) fn end(&mut self, end: End) {
        let block = &mut self.blocks[self.current];
        block.1.get_or_insert(end);
    }

    pub(super) fn set(&mut self, to: Variable, action: Action) {
        let (steps, end) = &mut self.blocks[self.current];
        if end.is_none() {
            steps.push(Step { to, action });
        }
    }

    /// The value of `action`, in a variable of its own.
    pub(super) fn value(&mut self, action: Action) -> Operand {
        let to = self.fresh();
        self.set(to, action);
        Operand::Variable(to)
    }

    /// The interpreter goes on from here, with everything.
    pub(super) fn leave(&mut self) {
        self.end(End::Leave);
        let unreachable = self.block();
        self.enter(unreachable);
    }
}
