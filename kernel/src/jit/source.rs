//! Functions in the text of a cell or module.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Stmt, StmtFunctionDef};
use ruff_python_parser::parse_module;
use ruff_text_size::Ranged;

use super::flow::Lines;

/// The function `name` that begins in `line`, counted from 1, with its decorators or with `def`.
pub(crate) fn find(text: &str, name: &str, line: usize) -> Option<StmtFunctionDef> {
    let module = parse_module(text).ok()?;
    let mut search = Search {
        lines: Lines(text),
        name,
        line,
        found: None,
    };
    search.visit_body(module.suite());
    search.found
}

struct Search<'a> {
    lines: Lines<'a>,
    name: &'a str,
    line: usize,
    found: Option<StmtFunctionDef>,
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if self.found.is_some() {
            return;
        }
        if let Stmt::FunctionDef(function) = stmt
            && function.name.as_str() == self.name
        {
            let first = self.lines.number(function.start());
            let def = self.lines.number(function.name.start());
            if (first..=def).contains(&self.line) {
                self.found = Some(function.clone());
                return;
            }
        }
        visitor::walk_stmt(self, stmt);
    }
}
