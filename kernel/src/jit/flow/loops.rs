//! `while`, and `for` over `range`.

use ruff_python_ast::{Expr, Stmt, StmtFor, StmtWhile};

use super::build::{Building, Result};
use super::{Action, Binding, BlockId, End, Operand, Variable};
use crate::jit::builtin::Builtin;

/// The items of a `range` that are still to come.
#[derive(Clone, Copy)]
pub(super) struct Range {
    next: Variable,
    /// How many, as bits of a `u64`.
    left: Variable,
    step: Operand,
}

impl Building<'_> {
    pub(super) fn while_loop(&mut self, loop_: &StmtWhile) -> Result<()> {
        let (head, body) = (self.block(), self.block());
        let (otherwise, after) = (self.block(), self.block());
        self.end(End::Jump(head));
        self.enter(head);
        self.condition(&loop_.test, body, otherwise)?;
        self.enter(body);
        self.body(&loop_.body, head, after)?;
        self.or_else(&loop_.orelse, otherwise, after)
    }

    pub(super) fn for_loop(&mut self, loop_: &StmtFor) -> Result<()> {
        if loop_.is_async {
            return self.refuse(loop_, "`async for`");
        }
        let (head, otherwise, after) = (self.block(), self.block(), self.block());
        let item = if self.is_range(&loop_.iter) {
            let range = self.range(&loop_.iter)?;
            self.end(End::Jump(head));
            self.next_item(range, head, otherwise)
        } else {
            self.next_element(&loop_.iter, head, otherwise)?
        };
        self.store(&loop_.target, item)?;
        self.body(&loop_.body, head, after)?;
        self.or_else(&loop_.orelse, otherwise, after)
    }

    fn body(&mut self, body: &[Stmt], head: BlockId, after: BlockId) -> Result<()> {
        self.loops.push((head, after));
        self.suite(body)?;
        self.loops.pop();
        self.end(End::Again(head));
        Ok(())
    }

    fn or_else(&mut self, body: &[Stmt], otherwise: BlockId, after: BlockId) -> Result<()> {
        self.enter(otherwise);
        self.suite(body)?;
        self.end(End::Jump(after));
        self.enter(after);
        Ok(())
    }

    pub(super) fn leave_loop(&mut self, statement: &Stmt) -> Result<()> {
        // One that is in no loop does not compile in Python either.
        let Some(&(head, after)) = self.loops.last() else {
            return self.refuse(statement, "a jump out of no loop");
        };
        self.end(match statement {
            Stmt::Continue(_) => End::Again(head),
            _ => End::Jump(after),
        });
        let unreachable = self.block();
        self.enter(unreachable);
        Ok(())
    }

    fn is_range(&mut self, iterable: &Expr) -> bool {
        let Expr::Call(call) = iterable else {
            return false;
        };
        match &*call.func {
            Expr::Name(name) if !self.locals.contains_key(name.id.as_str()) => matches!(
                self.names.global(name.id.as_str()),
                Binding::Builtin(Builtin::Range)
            ),
            _ => false,
        }
    }

    /// As `next_item`, over a list.
    fn next_element(
        &mut self,
        iterable: &Expr,
        head: BlockId,
        otherwise: BlockId,
    ) -> Result<Operand> {
        if !matches!(iterable, Expr::Name(_)) {
            return self.refuse(
                iterable,
                "a loop over something other than `range(...)` or a list",
            );
        }
        let list = self.expression(iterable)?;
        let list = self.value(Action::Copy(list));
        let place = self.fresh();
        self.set(place, Action::Copy(Operand::Int(0)));
        self.end(End::Jump(head));
        self.enter(head);
        let condition = self.value(Action::HasItem(list, Operand::Variable(place)));
        let body = self.block();
        self.end(End::Branch {
            condition,
            then: body,
            otherwise,
        });
        self.enter(body);
        let item = self.value(Action::Element(list, Operand::Variable(place)));
        self.set(place, Action::Advance(place, Operand::Int(1)));
        Ok(item)
    }

    /// `range(...)`, called where the loop begins.
    pub(super) fn range(&mut self, iterable: &Expr) -> Result<Range> {
        let Expr::Call(call) = iterable else {
            return self.refuse(
                iterable,
                "a loop over something other than `range(...)` or a list",
            );
        };
        if !self.is_range(iterable) || !call.arguments.keywords.is_empty() {
            return self.refuse(
                iterable,
                "a loop over something other than `range(...)` or a list",
            );
        }
        let mut operands = Vec::new();
        for argument in &call.arguments.args {
            let operand = self.expression(argument)?;
            operands.push(match operand {
                Operand::Variable(_) => self.value(Action::Index(operand)),
                Operand::Int(_) => operand,
                _ => return self.refuse(argument, "a range of something other than integers"),
            });
        }
        let (start, end, step) = match operands[..] {
            [end] => (Operand::Int(0), end, Operand::Int(1)),
            [start, end] => (start, end, Operand::Int(1)),
            [start, end, step] => (start, end, step),
            _ => return self.refuse(iterable, "the number of arguments"),
        };
        Ok(self.begin_range(start, end, step))
    }

    fn begin_range(&mut self, start: Operand, end: Operand, step: Operand) -> Range {
        let (next, left) = (self.fresh(), self.fresh());
        self.set(left, Action::RangeLength { start, end, step });
        self.set(next, Action::Copy(start));
        Range { next, left, step }
    }

    /// Makes `head`, which the loop comes back to for each item, and goes on with one.
    pub(super) fn next_item(&mut self, range: Range, head: BlockId, otherwise: BlockId) -> Operand {
        let body = self.block();
        self.enter(head);
        self.end(End::Branch {
            condition: Operand::Variable(range.left),
            then: body,
            otherwise,
        });
        self.enter(body);
        let item = self.value(Action::Copy(Operand::Variable(range.next)));
        self.set(range.left, Action::Advance(range.left, Operand::Int(-1)));
        self.set(range.next, Action::Advance(range.next, range.step));
        item
    }
}
