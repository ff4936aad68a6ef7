//! Expressions.

use ruff_python_ast::{
    Expr, ExprAttribute, ExprIf, ExprName, ExprSubscript, Number, Operator, UnaryOp,
};

use super::build::{Building, Result};
use super::statements::binary;
use super::{Action, Binding, End, Operand, Unary, Variable};

impl Building<'_> {
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<Operand> {
        self.nested(expression, |building| building.operand(expression))
    }

    fn operand(&mut self, expression: &Expr) -> Result<Operand> {
        match expression {
            Expr::NumberLiteral(literal) => self.number(expression, &literal.value),
            Expr::BooleanLiteral(literal) => Ok(Operand::Bool(literal.value)),
            Expr::NoneLiteral(_) => Ok(Operand::None),
            Expr::Name(name) => self.name(name),
            Expr::BinOp(operation) => {
                self.operation(expression, &operation.left, operation.op, &operation.right)
            }
            Expr::UnaryOp(operation) => self.unary(operation.op, &operation.operand),
            Expr::BoolOp(operation) => self.decision(operation.op, &operation.values),
            Expr::Compare(compare) => match (&compare.ops[..], &compare.comparators[..]) {
                ([operator], [right]) => {
                    let left_operand = self.expression(&compare.left)?;
                    let right_operand = self.expression(right)?;
                    self.compare(*operator, left_operand, right_operand, right)
                }
                _ => self.chain(compare),
            },
            Expr::If(choice) => self.ternary(choice),
            Expr::Call(call) => self.call(call),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::Tuple(tuple) => {
                let items = self.operands(&tuple.elts)?;
                Ok(self.value(Action::Pack(items)))
            }
            Expr::List(list) if list.elts.is_empty() => self.refuse(expression, "an empty list"),
            Expr::List(list) => {
                let items = self.operands(&list.elts)?;
                Ok(self.value(Action::List(items)))
            }
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Named(named) => {
                let value = self.expression(&named.value)?;
                self.store(&named.target, value)?;
                Ok(self.value(Action::Copy(value)))
            }
            _ => self.refuse(expression, word(expression)),
        }
    }

    pub(super) fn operands(&mut self, expressions: &[Expr]) -> Result<Vec<Operand>> {
        expressions
            .iter()
            .map(|expression| self.expression(expression))
            .collect()
    }

    fn number(&mut self, at: &Expr, number: &Number) -> Result<Operand> {
        match number {
            Number::Int(value) => match value.as_i64() {
                Some(value) => Ok(Operand::Int(value)),
                None => self.refuse(at, "an integer of more than 64 bits"),
            },
            Number::Float(value) => Ok(Operand::Float(*value)),
            Number::Complex { .. } => self.refuse(at, "a complex number"),
        }
    }

    /// The value that the variable has now.
    pub(super) fn read(&mut self, variable: Variable) -> Operand {
        let operand = Operand::Variable(variable);
        if self.copies_names {
            self.value(Action::Copy(operand))
        } else {
            operand
        }
    }

    fn name(&mut self, name: &ExprName) -> Result<Operand> {
        if let Some(&local) = self.locals.get(name.id.as_str()) {
            return Ok(self.read(local));
        }
        let binding = self.names.global(name.id.as_str());
        self.constant(binding, name)
    }

    fn attribute(&mut self, attribute: &ExprAttribute) -> Result<Operand> {
        let Some(module) = self.module(&attribute.value) else {
            return self.refuse(attribute, format!("the attribute `{}`", attribute.attr));
        };
        let binding = self.names.attribute(&module, &attribute.attr);
        self.constant(binding, attribute)
    }

    /// The name of a global variable that may be a module.
    pub(super) fn module(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) if !self.locals.contains_key(name.id.as_str()) => {
                Some(name.id.to_string())
            }
            _ => None,
        }
    }

    fn constant(&mut self, binding: Binding, at: &impl ruff_text_size::Ranged) -> Result<Operand> {
        match binding {
            Binding::Constant(operand) => Ok(operand),
            Binding::Missing => {
                self.leave();
                Ok(Operand::None)
            }
            Binding::Other(what) => self.refuse(at, what),
            Binding::Builtin(_) | Binding::Routine(..) => {
                self.refuse(at, "a function that is not called")
            }
        }
    }

    fn operation(
        &mut self,
        at: &Expr,
        left: &Expr,
        operator: Operator,
        right: &Expr,
    ) -> Result<Operand> {
        let Some(operator) = binary(operator) else {
            return self.refuse(at, "`@`");
        };
        let left = self.expression(left)?;
        let right = self.expression(right)?;
        Ok(self.value(Action::Binary(operator, left, right)))
    }

    fn unary(&mut self, operator: UnaryOp, operand: &Expr) -> Result<Operand> {
        let value = self.expression(operand)?;
        let operator = match operator {
            UnaryOp::UAdd => Unary::Plus,
            UnaryOp::USub => match value {
                Operand::Int(value) => return Ok(Operand::Int(-value)),
                Operand::Float(value) => return Ok(Operand::Float(-value)),
                _ => Unary::Minus,
            },
            UnaryOp::Invert => Unary::Invert,
            UnaryOp::Not => Unary::Not,
        };
        Ok(self.value(Action::Unary(operator, value)))
    }

    fn ternary(&mut self, choice: &ExprIf) -> Result<Operand> {
        let (then, otherwise, after) = (self.block(), self.block(), self.block());
        let value = self.fresh();
        self.condition(&choice.test, then, otherwise)?;
        for (block, expression) in [(then, &choice.body), (otherwise, &choice.orelse)] {
            self.enter(block);
            let operand = self.expression(expression)?;
            self.set(value, Action::Copy(operand));
            self.end(End::Jump(after));
        }
        self.enter(after);
        Ok(Operand::Variable(value))
    }

    fn subscript(&mut self, subscript: &ExprSubscript) -> Result<Operand> {
        let of = self.expression(&subscript.value)?;
        let index = self.expression(&subscript.slice)?;
        Ok(self.element(of, index))
    }

    pub(super) fn element(&mut self, of: Operand, index: Operand) -> Operand {
        self.value(match index {
            Operand::Int(index) => Action::Item {
                of,
                index,
                arity: None,
            },
            _ => Action::Element(of, index),
        })
    }
}

fn word(expression: &Expr) -> &'static str {
    match expression {
        Expr::StringLiteral(_) => "a string",
        Expr::FString(_) | Expr::TString(_) => "an f-string",
        Expr::BytesLiteral(_) => "a bytes object",
        Expr::List(_) => "a list",
        Expr::Dict(_) => "a dictionary",
        Expr::Set(_) => "a set",
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => "a comprehension",
        Expr::Generator(_) => "a generator",
        Expr::Lambda(_) => "`lambda`",
        Expr::Await(_) => "`await`",
        Expr::Yield(_) | Expr::YieldFrom(_) => "`yield`",
        Expr::Starred(_) => "`*`",
        Expr::Slice(_) => "a slice",
        _ => "an expression",
    }
}
