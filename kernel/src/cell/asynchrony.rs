//! Which construct makes a cell asynchronous.
//!
//! The rule is CPython's for `compile(cell, ..., PyCF_ALLOW_TOP_LEVEL_AWAIT)`: the code object has `CO_COROUTINE`
//! when `await`, `async for`, `async with` or an asynchronous comprehension (generator expressions included) stands
//! at module level. Decorators, default values, annotations and base classes are evaluated there; the bodies of
//! functions, lambdas and classes are not.

use std::fmt;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Comprehension, Expr, Stmt, TypeParams};
use ruff_python_parser::parse_module;

use super::depth::with_room;

/// What makes a cell asynchronous; displays as the construct is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construct {
    /// An `await` expression, also inside of a comprehension.
    Await,
    /// An `async for` statement.
    AsyncFor,
    /// An `async with` statement.
    AsyncWith,
    /// A comprehension or generator expression with an `async for` clause.
    AsyncComprehension,
}

impl fmt::Display for Construct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Await => "await",
            Self::AsyncFor => "async for",
            Self::AsyncWith => "async with",
            Self::AsyncComprehension => "async comprehension",
        })
    }
}

/// The first top-level construct (in order of evaluation) that makes `code` asynchronous, or `None` when the cell is
/// synchronous or not valid Python.
///
/// Errors that only a compiler sees (`return` at top level) do not matter here: compiling such a cell fails anyway.
pub fn asynchrony(code: &str) -> Option<Construct> {
    // Most cells have neither word and need no parser.
    if !code.contains("await") && !code.contains("async") {
        return None;
    }
    with_room(code, || search(code)).flatten()
}

fn search(code: &str) -> Option<Construct> {
    let module = parse_module(code).ok()?;
    let mut search = Search { found: None };
    search.visit_body(module.suite());
    search.found
}

struct Search {
    found: Option<Construct>,
}

impl Search {
    fn find(&mut self, construct: Construct) {
        self.found.get_or_insert(construct);
    }
}

impl<'a> Visitor<'a> for Search {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.found.is_some() {
            return;
        }
        match stmt {
            Stmt::FunctionDef(function) => {
                for decorator in &function.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.visit_parameters(&function.parameters);
                if let Some(returns) = &function.returns {
                    self.visit_annotation(returns);
                }
            }
            Stmt::ClassDef(class) => {
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                // The bases of a generic class belong to the scope of its type parameters, which forbids `await`.
                if let (Some(arguments), None) = (&class.arguments, &class.type_params) {
                    self.visit_arguments(arguments);
                }
            }
            Stmt::For(for_) if for_.is_async => self.find(Construct::AsyncFor),
            Stmt::With(with) if with.is_async => self.find(Construct::AsyncWith),
            // A scope of its own, in which `await` is an error.
            Stmt::TypeAlias(_) => {}
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.found.is_some() {
            return;
        }
        match expr {
            Expr::Await(_) => self.find(Construct::Await),
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters(parameters);
                }
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        if comprehension.is_async {
            self.find(Construct::AsyncComprehension);
        }
        visitor::walk_comprehension(self, comprehension);
    }

    fn visit_type_params(&mut self, _: &'a TypeParams) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::tables;

    #[test]
    fn the_table_is_met() {
        let wrong: Vec<String> = tables::rows(include_str!("tables/asynchrony.txt"))
            .filter_map(|(expected, code)| {
                let found = asynchrony(&code);
                let expected_construct = match expected {
                    "sync" | "error" => String::new(),
                    construct => construct.to_owned(),
                };
                let found = found.map(|found| found.to_string()).unwrap_or_default();
                (found != expected_construct)
                    .then(|| format!("{code:?}: {found:?}, not {expected:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn errors_of_the_compiler_do_not_matter() {
        assert_eq!(asynchrony("await x\nreturn"), Some(Construct::Await));
        assert_eq!(
            asynchrony("return [i async for i in x]"),
            Some(Construct::AsyncComprehension)
        );
    }

    #[test]
    fn deep_nesting_does_not_overflow_a_small_stack() {
        let check = || {
            for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("f(", ")")] {
                for levels in [100, 400, 1000, 20_000] {
                    let code = format!("{}await x{}", open.repeat(levels), close.repeat(levels));
                    assert_eq!(
                        asynchrony(&code),
                        Some(Construct::Await),
                        "{levels} times {open}"
                    );
                }
            }
        };
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(check)
            .expect("a thread starts")
            .join()
            .expect("no overflow and no wrong answer");
    }
}
