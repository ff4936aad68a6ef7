//! Expressions that are asked whether they are true: `and`, `or`, `not` and chains of comparisons as jumps.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCompare, UnaryOp};

use super::build::{Building, Result};
use super::{Action, BlockId, Comparison, End, Operand};

impl Building<'_> {
    /// Goes on in `then` or `otherwise`.
    pub(super) fn condition(
        &mut self,
        test: &Expr,
        then: BlockId,
        otherwise: BlockId,
    ) -> Result<()> {
        self.nested(test, |building| match test {
            Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => {
                building.condition(&unary.operand, otherwise, then)
            }
            Expr::BoolOp(operation) => {
                let (last, before) = operation
                    .values
                    .split_last()
                    .expect("the parser finds two values at least");
                for value in before {
                    let next = building.block();
                    match operation.op {
                        BoolOp::And => building.condition(value, next, otherwise)?,
                        BoolOp::Or => building.condition(value, then, next)?,
                    }
                    building.enter(next);
                }
                building.condition(last, then, otherwise)
            }
            Expr::Compare(compare) => {
                let condition = building.comparisons(compare, otherwise)?;
                building.end(End::Branch {
                    condition,
                    then,
                    otherwise,
                });
                Ok(())
            }
            _ => {
                let condition = building.expression(test)?;
                building.end(End::Branch {
                    condition,
                    then,
                    otherwise,
                });
                Ok(())
            }
        })
    }

    /// The last comparison of the chain; goes to `otherwise` when one before it is false.
    fn comparisons(&mut self, compare: &ExprCompare, otherwise: BlockId) -> Result<Operand> {
        let mut left = self.expression(&compare.left)?;
        let mut result = None;
        for (operator, right) in compare.ops.iter().zip(&compare.comparators) {
            if let Some(condition) = result {
                let then = self.block();
                self.end(End::Branch {
                    condition,
                    then,
                    otherwise,
                });
                self.enter(then);
            }
            let right_operand = self.expression(right)?;
            result = Some(self.compare(*operator, left, right_operand, right)?);
            left = right_operand;
        }
        Ok(result.expect("the parser finds one comparison at least"))
    }

    /// The value of a chain of comparisons.
    pub(super) fn chain(&mut self, compare: &ExprCompare) -> Result<Operand> {
        let (no, after) = (self.block(), self.block());
        let value = self.fresh();
        let last = self.comparisons(compare, no)?;
        self.set(value, Action::Copy(last));
        self.end(End::Jump(after));
        self.enter(no);
        self.set(value, Action::Copy(Operand::Bool(false)));
        self.end(End::Jump(after));
        self.enter(after);
        Ok(Operand::Variable(value))
    }

    pub(super) fn compare(
        &mut self,
        operator: CmpOp,
        left: Operand,
        right: Operand,
        at: &Expr,
    ) -> Result<Operand> {
        let comparison = match operator {
            CmpOp::Eq => Comparison::Equal,
            CmpOp::NotEq => Comparison::NotEqual,
            CmpOp::Lt => Comparison::Less,
            CmpOp::LtE => Comparison::LessOrEqual,
            CmpOp::Gt => Comparison::Greater,
            CmpOp::GtE => Comparison::GreaterOrEqual,
            CmpOp::Is if right == Operand::None => {
                return Ok(self.value(Action::IsNone(left)));
            }
            CmpOp::IsNot if right == Operand::None => {
                let is_none = self.value(Action::IsNone(left));
                return Ok(self.value(Action::Unary(super::Unary::Not, is_none)));
            }
            CmpOp::Is | CmpOp::IsNot => return self.refuse(at, "`is`"),
            CmpOp::In | CmpOp::NotIn => return self.refuse(at, "`in`"),
        };
        Ok(self.value(Action::Compare(comparison, left, right)))
    }

    /// The value of `and` or `or`: that of the operand which decides.
    pub(super) fn decision(&mut self, operator: BoolOp, values: &[Expr]) -> Result<Operand> {
        let (value, after) = (self.fresh(), self.block());
        for (index, expression) in values.iter().enumerate() {
            let operand = self.expression(expression)?;
            self.set(value, Action::Copy(operand));
            if index + 1 == values.len() {
                break;
            }
            let next = self.block();
            let (then, otherwise) = match operator {
                BoolOp::And => (next, after),
                BoolOp::Or => (after, next),
            };
            self.end(End::Branch {
                condition: Operand::Variable(value),
                then,
                otherwise,
            });
            self.enter(next);
        }
        self.end(End::Jump(after));
        self.enter(after);
        Ok(Operand::Variable(value))
    }
}
