//! Statements.

use ruff_python_ast::{
    Expr, Operator, Stmt, StmtAssert, StmtAssign, StmtAugAssign, StmtDelete, StmtExpr, StmtIf,
};

use super::build::{Building, Result};
use super::{Action, Binary, BlockId, End, Operand, Variable};

impl Building<'_> {
    pub(super) fn suite(&mut self, body: &[Stmt]) -> Result<()> {
        body.iter().try_for_each(|statement| {
            self.nested(statement, |building| building.statement(statement))
        })
    }

    fn statement(&mut self, statement: &Stmt) -> Result<()> {
        match statement {
            Stmt::Pass(_) => Ok(()),
            Stmt::Expr(expression) => self.expression_statement(expression),
            Stmt::Return(returned) => {
                let value = match &returned.value {
                    Some(value) => self.expression(value)?,
                    None => Operand::None,
                };
                self.leave_with(End::Return(value));
                Ok(())
            }
            Stmt::Assign(assign) => self.assign(assign),
            Stmt::AugAssign(assign) => self.augmented(assign),
            Stmt::AnnAssign(assign) => match &assign.value {
                Some(value) => {
                    let value = self.expression(value)?;
                    self.store(&assign.target, value)
                }
                None => Ok(()),
            },
            Stmt::Delete(delete) => self.delete(delete),
            Stmt::If(choice) => self.choice(choice),
            Stmt::While(loop_) => self.while_loop(loop_),
            Stmt::For(loop_) => self.for_loop(loop_),
            Stmt::Break(_) | Stmt::Continue(_) => self.leave_loop(statement),
            // The exception is raised by the interpreter.
            Stmt::Raise(_) => {
                self.leave();
                Ok(())
            }
            Stmt::Assert(assert) => self.assert(assert),
            _ => self.refuse(statement, word(statement)),
        }
    }

    /// Ends the block; nothing jumps to what follows.
    fn leave_with(&mut self, end: End) {
        self.end(end);
        let unreachable = self.block();
        self.enter(unreachable);
    }

    fn expression_statement(&mut self, statement: &StmtExpr) -> Result<()> {
        match &*statement.value {
            // A docstring.
            Expr::StringLiteral(_) | Expr::EllipsisLiteral(_) => Ok(()),
            Expr::Call(call) if self.is_append(call) => self.append(call),
            value => {
                let value = self.expression(value)?;
                // That of a variable without a value is an error.
                self.value(Action::Copy(value));
                Ok(())
            }
        }
    }

    fn assign(&mut self, assign: &StmtAssign) -> Result<()> {
        if let ([Expr::Tuple(targets)], Expr::Tuple(values)) = (&assign.targets[..], &*assign.value)
            && targets.elts.len() == values.elts.len()
        {
            return self.assign_side_by_side(&targets.elts, &values.elts);
        }
        let value = self.expression(&assign.value)?;
        assign
            .targets
            .iter()
            .try_for_each(|target| self.store(target, value))
    }

    /// `a, b = b, a`, without a tuple.
    fn assign_side_by_side(&mut self, targets: &[Expr], values: &[Expr]) -> Result<()> {
        let mut operands = Vec::new();
        for value in values {
            let operand = self.expression(value)?;
            // The variable itself may be assigned before it is read.
            operands.push(match operand {
                Operand::Variable(_) => self.value(Action::Copy(operand)),
                constant => constant,
            });
        }
        targets
            .iter()
            .zip(operands)
            .try_for_each(|(target, value)| self.store(target, value))
    }

    pub(super) fn store(&mut self, target: &Expr, value: Operand) -> Result<()> {
        match target {
            Expr::Name(_) => {
                let to = self.target(target)?;
                self.set(to, Action::Copy(value));
                Ok(())
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            Expr::Subscript(subscript) => {
                let of = self.expression(&subscript.value)?;
                let index = self.expression(&subscript.slice)?;
                self.value(Action::SetElement(of, index, value));
                Ok(())
            }
            _ => self.refuse(
                target,
                "an assignment to something other than a local variable",
            ),
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: Operand) -> Result<()> {
        let of = self.value(Action::Copy(value));
        let items: Vec<_> = (0..targets.len())
            .map(|index| {
                self.value(Action::Item {
                    of,
                    index: index.cast_signed() as i64,
                    arity: Some(targets.len()),
                })
            })
            .collect();
        targets
            .iter()
            .zip(items)
            .try_for_each(|(target, item)| self.store(target, item))
    }

    pub(super) fn target(&mut self, target: &Expr) -> Result<Variable> {
        let local = match target {
            Expr::Name(name) => self.locals.get(name.id.as_str()).copied(),
            _ => None,
        };
        match local {
            Some(local) => Ok(local),
            None => self.refuse(
                target,
                "an assignment to something other than a local variable",
            ),
        }
    }

    fn augmented(&mut self, assign: &StmtAugAssign) -> Result<()> {
        let Some(operator) = binary(assign.op) else {
            return self.refuse(assign, "`@`");
        };
        if let Expr::Subscript(subscript) = &*assign.target {
            let of = self.expression(&subscript.value)?;
            let index = self.expression(&subscript.slice)?;
            let left = self.element(of, index);
            let right = self.expression(&assign.value)?;
            let value = self.value(Action::InPlace(operator, left, right));
            self.value(Action::SetElement(of, index, value));
            return Ok(());
        }
        let to = self.target(&assign.target)?;
        let left = self.read(to);
        let right = self.expression(&assign.value)?;
        self.set(to, Action::InPlace(operator, left, right));
        Ok(())
    }

    fn delete(&mut self, delete: &StmtDelete) -> Result<()> {
        for target in &delete.targets {
            let variable = self.target(target)?;
            // That of a variable without a value is an error.
            self.value(Action::Copy(Operand::Variable(variable)));
            self.set(variable, Action::Unbind);
        }
        Ok(())
    }

    fn choice(&mut self, choice: &StmtIf) -> Result<()> {
        let after = self.block();
        let mut rest = self.branch(&choice.test, &choice.body, after)?;
        for clause in &choice.elif_else_clauses {
            self.enter(rest);
            match &clause.test {
                Some(test) => rest = self.branch(test, &clause.body, after)?,
                None => {
                    self.suite(&clause.body)?;
                    self.end(End::Jump(after));
                }
            }
        }
        self.enter(rest);
        self.end(End::Jump(after));
        self.enter(after);
        Ok(())
    }

    /// `if test: body`; returns the block for when `test` is false.
    fn branch(&mut self, test: &Expr, body: &[Stmt], after: BlockId) -> Result<BlockId> {
        let (then, otherwise) = (self.block(), self.block());
        self.condition(test, then, otherwise)?;
        self.enter(then);
        self.suite(body)?;
        self.end(End::Jump(after));
        Ok(otherwise)
    }

    fn assert(&mut self, assert: &StmtAssert) -> Result<()> {
        let (then, otherwise) = (self.block(), self.block());
        self.condition(&assert.test, then, otherwise)?;
        self.enter(otherwise);
        self.end(End::Leave);
        self.enter(then);
        Ok(())
    }
}

pub(super) fn binary(operator: Operator) -> Option<Binary> {
    Some(match operator {
        Operator::Add => Binary::Add,
        Operator::Sub => Binary::Subtract,
        Operator::Mult => Binary::Multiply,
        Operator::Div => Binary::Divide,
        Operator::FloorDiv => Binary::FloorDivide,
        Operator::Mod => Binary::Remainder,
        Operator::Pow => Binary::Power,
        Operator::LShift => Binary::ShiftLeft,
        Operator::RShift => Binary::ShiftRight,
        Operator::BitAnd => Binary::And,
        Operator::BitOr => Binary::Or,
        Operator::BitXor => Binary::Xor,
        Operator::MatMult => return None,
    })
}

fn word(statement: &Stmt) -> &'static str {
    match statement {
        Stmt::FunctionDef(_) => "a function inside",
        Stmt::ClassDef(_) => "a class inside",
        Stmt::With(_) => "`with`",
        Stmt::Match(_) => "`match`",
        Stmt::Try(_) => "`try`",
        Stmt::Import(_) | Stmt::ImportFrom(_) => "`import`",
        Stmt::Global(_) => "`global`",
        Stmt::Nonlocal(_) => "`nonlocal`",
        _ => "a statement",
    }
}
