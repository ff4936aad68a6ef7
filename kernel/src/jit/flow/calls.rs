//! Calls: of built-in functions, of functions of `math`, and of compiled functions.

use ruff_python_ast::{Arguments, Expr, ExprCall, ExprGenerator};

use super::build::{Building, Result};
use super::{Action, Binary, Binding, Comparison, End, Operand, Parameters, RoutineId};
use crate::jit::builtin::Builtin;
use crate::jit::machine::helpers::LOG_OF_BASE;

impl Building<'_> {
    pub(super) fn call(&mut self, call: &ExprCall) -> Result<Operand> {
        match self.callee(&call.func)? {
            Binding::Builtin(Builtin::Sum) => self.sum(call),
            Binding::Builtin(builtin) => {
                if !call.arguments.keywords.is_empty() {
                    return self.refuse(call, "a keyword argument");
                }
                if let (Builtin::Float, [Expr::StringLiteral(text)]) =
                    (builtin, &call.arguments.args[..])
                    && let Some(special) = special(text.value.to_str())
                {
                    return Ok(Operand::Float(special));
                }
                let arguments = self.operands(&call.arguments.args)?;
                self.builtin(call, builtin, arguments)
            }
            Binding::Routine(routine, parameters) => self.routine(call, routine, &parameters),
            // What the arguments do has no effects.
            Binding::Missing => {
                self.leave();
                Ok(Operand::None)
            }
            Binding::Constant(_) => self.refuse(call, "a call of a number"),
            Binding::Other(what) => self.refuse(call, format!("a call of {what}")),
        }
    }

    /// Whether it is `name.append(value)`, of a local variable.
    pub(super) fn is_append(&self, call: &ExprCall) -> bool {
        match &*call.func {
            Expr::Attribute(attribute) => {
                attribute.attr.as_str() == "append"
                    && self.module(&attribute.value).is_none()
                    && call.arguments.args.len() == 1
                    && call.arguments.keywords.is_empty()
            }
            _ => false,
        }
    }

    pub(super) fn append(&mut self, call: &ExprCall) -> Result<()> {
        let Expr::Attribute(attribute) = &*call.func else {
            return Ok(());
        };
        let list = self.expression(&attribute.value)?;
        let value = self.expression(&call.arguments.args[0])?;
        self.value(Action::Append(list, value));
        Ok(())
    }

    fn callee(&mut self, function: &Expr) -> Result<Binding> {
        match function {
            Expr::Name(name) if !self.locals.contains_key(name.id.as_str()) => {
                Ok(self.names.global(name.id.as_str()))
            }
            Expr::Attribute(attribute) => match self.module(&attribute.value) {
                Some(module) => Ok(self.names.attribute(&module, &attribute.attr)),
                None => self.refuse(
                    function,
                    format!("a call of the method `{}`", attribute.attr),
                ),
            },
            _ => self.refuse(function, "a call of something other than a global name"),
        }
    }

    fn builtin(
        &mut self,
        call: &ExprCall,
        builtin: Builtin,
        arguments: Vec<Operand>,
    ) -> Result<Operand> {
        match (builtin, &arguments[..]) {
            (Builtin::Min, [first, rest @ ..]) if !rest.is_empty() => {
                Ok(self.extreme(Comparison::Less, *first, rest))
            }
            (Builtin::Max, [first, rest @ ..]) if !rest.is_empty() => {
                Ok(self.extreme(Comparison::Greater, *first, rest))
            }
            (Builtin::Divmod, [left, right]) => {
                let quotient = self.value(Action::Binary(Binary::FloorDivide, *left, *right));
                let rest = self.value(Action::Binary(Binary::Remainder, *left, *right));
                Ok(self.value(Action::Pack(vec![quotient, rest])))
            }
            (Builtin::Real(function), [_, _]) if function.name == LOG_OF_BASE.name => {
                let log = Builtin::RealPair(&LOG_OF_BASE);
                Ok(self.value(Action::Call(log, arguments)))
            }
            (Builtin::Len, [of]) => Ok(self.value(Action::Length(*of))),
            (Builtin::Power, [left, right]) => {
                Ok(self.value(Action::Binary(Binary::Power, *left, *right)))
            }
            _ if builtin.takes(arguments.len()) => Ok(self.value(Action::Call(builtin, arguments))),
            _ => self.refuse(call, format!("a call of `{}` in this form", builtin.name())),
        }
    }

    /// `min` and `max`: the first of the operands that none of the others goes beyond.
    fn extreme(&mut self, beyond: Comparison, first: Operand, rest: &[Operand]) -> Operand {
        let best = self.fresh();
        self.set(best, Action::Copy(first));
        for &other in rest {
            let (then, after) = (self.block(), self.block());
            let condition = self.value(Action::Compare(beyond, other, Operand::Variable(best)));
            self.end(End::Branch {
                condition,
                then,
                otherwise: after,
            });
            self.enter(then);
            self.set(best, Action::Copy(other));
            self.end(End::Jump(after));
            self.enter(after);
        }
        Operand::Variable(best)
    }

    /// `sum` of a generator expression over ranges, as loops.
    fn sum(&mut self, call: &ExprCall) -> Result<Operand> {
        let (arguments, keywords) = (&call.arguments.args, &call.arguments.keywords);
        let (Some(Expr::Generator(generator)), true) = (arguments.first(), keywords.is_empty())
        else {
            return self.refuse(call, "a call of `sum` of something other than a generator");
        };
        let start = match &arguments[1..] {
            [] => Operand::Int(0),
            [start] => self.expression(start)?,
            _ => return self.refuse(call, "the number of arguments"),
        };
        let total = self.fresh();
        self.set(total, Action::Copy(start));
        let hidden = self.locals.clone();
        self.generator(generator, 0, &mut |building| {
            let item = building.expression(&generator.elt)?;
            let sum = Action::Binary(Binary::Add, Operand::Variable(total), item);
            building.set(total, sum);
            Ok(())
        })?;
        self.locals = hidden;
        Ok(Operand::Variable(total))
    }

    /// The loops of the generator's clauses from number `depth` on, with `body` inside.
    fn generator(
        &mut self,
        generator: &ExprGenerator,
        depth: usize,
        body: &mut dyn FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let Some(clause) = generator.generators.get(depth) else {
            return body(self);
        };
        if clause.is_async {
            return self.refuse(clause, "`async for`");
        }
        let Expr::Name(target) = &clause.target else {
            return self.refuse(&clause.target, "a generator with more than one variable");
        };
        let range = self.range(&clause.iter)?;
        let (head, after) = (self.block(), self.block());
        self.end(End::Jump(head));
        let item = self.next_item(range, head, after);
        let variable = self.fresh();
        self.set(variable, Action::Copy(item));
        self.locals.insert(target.id.to_string(), variable);
        for test in &clause.ifs {
            let next = self.block();
            let skipped = self.block();
            self.condition(test, next, skipped)?;
            self.enter(skipped);
            self.end(End::Again(head));
            self.enter(next);
        }
        self.generator(generator, depth + 1, body)?;
        self.end(End::Again(head));
        self.enter(after);
        Ok(())
    }

    fn routine(
        &mut self,
        call: &ExprCall,
        routine: RoutineId,
        parameters: &Parameters,
    ) -> Result<Operand> {
        let Some(arguments) = self.bind(&call.arguments, parameters)? else {
            return self.refuse(call, "a call that does not fit the function's parameters");
        };
        let (to, then) = (self.fresh(), self.block());
        self.end(End::Call {
            routine,
            arguments,
            to,
            then,
        });
        self.enter(then);
        Ok(Operand::Variable(to))
    }

    /// One operand for each parameter, or `None` where the call is not so simple.
    fn bind(
        &mut self,
        arguments: &Arguments,
        parameters: &Parameters,
    ) -> Result<Option<Vec<Operand>>> {
        if arguments.args.len() > parameters.positional {
            return Ok(None);
        }
        let mut bound: Vec<Option<Operand>> = vec![None; parameters.all.len()];
        for (place, argument) in bound.iter_mut().zip(&arguments.args) {
            *place = Some(self.expression(argument)?);
        }
        for keyword in &arguments.keywords {
            let place = keyword.arg.as_ref().and_then(|name| {
                parameters
                    .all
                    .iter()
                    .position(|parameter| parameter.keyword.as_deref() == Some(name.as_str()))
            });
            let value = self.expression(&keyword.value)?;
            match place {
                Some(place) if bound[place].is_none() => bound[place] = Some(value),
                _ => return Ok(None),
            }
        }
        let defaults = parameters.all.iter().map(|parameter| parameter.default);
        Ok(bound
            .into_iter()
            .zip(defaults)
            .map(|(given, default)| given.or(default))
            .collect())
    }
}

/// The floats that have no other way to be written.
fn special(text: &str) -> Option<f64> {
    match text {
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}
