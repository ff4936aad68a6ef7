//! Which names a function assigns: they are its local variables.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprContext, Stmt};

/// In order of their first assignment. Functions, classes, lambdas and comprehensions inside have names of their own.
pub(super) fn assigned_names(body: &[Stmt]) -> Vec<String> {
    let mut search = Search::default();
    search.visit_body(body);
    search.names
}

/// Whether there is a `:=`.
pub(super) fn has_walrus(body: &[Stmt]) -> bool {
    let mut search = Search::default();
    search.visit_body(body);
    search.has_walrus
}

#[derive(Default)]
struct Search {
    names: Vec<String>,
    has_walrus: bool,
}

impl<'a> Visitor<'a> for Search {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx != ExprContext::Load => {
                if !self.names.iter().any(|known| known == name.id.as_str()) {
                    self.names.push(name.id.to_string());
                }
            }
            Expr::Lambda(_)
            | Expr::Generator(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_) => {}
            Expr::Named(_) => {
                self.has_walrus = true;
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
