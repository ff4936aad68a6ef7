//! A cell's source as code objects, one statement at a time.
//!
//! The whole source is parsed first, so that a syntax error runs nothing; each statement is compiled when its turn has
//! come, so that one that does not compile (a `return`, say) fails after those before it have run. If the last one is an
//! expression, who made them says what becomes of its value.

use std::collections::VecDeque;

use ruff_python_ast::relocate::relocate_expr;
use ruff_source_file::{SourceFile, SourceFileBuilder};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyCode, PyStrRef, PyType},
    common::lock::PyMutex,
    compiler::{CompileError, Mode, ast, codegen::compile::compile_top, parser},
    function::OptionalArg,
    protocol::PyIterReturn,
    pyclass,
    types::{Constructor, IterNext, Iterable, SelfIter},
};

use crate::interpreter::statement_begins;

const ALLOW_TOP_LEVEL_AWAIT: i32 = 0x2000;

/// The builtin `compile`'s modes, for a last statement that is an expression.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// Evaluating it gives the value of the cell.
    Eval,
    /// Running it gives the value to `sys.displayhook`.
    Single,
    /// As any other.
    Exec,
}

impl Last {
    fn named(mode: &str) -> Option<Self> {
        Some(match mode {
            "eval" => Self::Eval,
            "single" => Self::Single,
            "exec" => Self::Exec,
            _ => return None,
        })
    }
}

#[pyclass(module = "_everloop", name = "Statements")]
#[derive(Debug, PyPayload)]
pub struct Statements {
    source: String,
    file: PyMutex<SourceFile>,
    last: Last,
    /// Whether a top-level await compiles: the whole source has one, and autoawait is on.
    asynchronous: bool,
    rest: PyMutex<VecDeque<ast::Stmt>>,
}

impl Statements {
    /// # Errors
    /// SyntaxError, as the builtin `compile` words it.
    fn parse(
        source: &str,
        filename: &str,
        autoawait: bool,
        last: Last,
        compiles_functions: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let Ok(parsed) = parser::parse_module(source) else {
            return Err(syntax_error(source, filename, vm));
        };
        let file = SourceFileBuilder::new(filename, source).finish();
        let mut statements: VecDeque<_> = parsed.into_syntax().body.into_iter().collect();
        if compiles_functions {
            statements.iter_mut().for_each(decorate);
        }
        let rest = PyMutex::new(statements);
        let asynchronous = autoawait && crate::cell::asynchrony(source).is_some();
        Ok(Self {
            source: source.to_owned(),
            file: PyMutex::new(file),
            last,
            asynchronous,
            rest,
        })
    }

    fn compile(
        &self,
        statement: ast::Stmt,
        is_last: bool,
        vm: &VirtualMachine,
    ) -> PyResult<PyObjectRef> {
        let (tree, mode) = match (statement, self.last) {
            (ast::Stmt::Expr(expression), Last::Eval) if is_last => (
                ast::Mod::Expression(ast::ModExpression {
                    node_index: ast::AtomicNodeIndex::default(),
                    range: expression.range,
                    body: expression.value,
                }),
                Mode::Eval,
            ),
            (statement @ ast::Stmt::Expr(_), Last::Single) if is_last => {
                (module_of(statement), Mode::Single)
            }
            (statement, _) => (module_of(statement), Mode::Exec),
        };
        let mut opts = vm.compile_opts();
        opts.allow_top_level_await = self.asynchronous;
        let file = self.file.lock().clone();
        let code = compile_top(tree, file, mode, opts)
            .map_err(|error| vm.new_syntax_error(&CompileError::from(error), Some(&self.source)))?;
        Ok(PyCode::new_ref_from_bytecode(vm, code).into())
    }
}

fn module_of(statement: ast::Stmt) -> ast::Mod {
    ast::Mod::Module(ast::ModModule {
        node_index: ast::AtomicNodeIndex::default(),
        range: ruff_text_size::Ranged::range(&statement),
        body: vec![statement].into(),
        runtime_body: None,
    })
}

/// Lets a function be compiled to machine code, as `%%jit` does with IPython.
fn decorate(statement: &mut ast::Stmt) {
    let ast::Stmt::FunctionDef(function) = statement else {
        return;
    };
    // A name could mean something else in the cell.
    let Ok(jit) = parser::parse_expression("__import__('everloop').jit") else {
        return;
    };
    let mut expression = *jit.into_syntax().body;
    relocate_expr(&mut expression, function.range);
    function.decorator_list.push(ast::Decorator {
        node_index: ast::AtomicNodeIndex::default(),
        range: function.range,
        expression,
    });
}

/// The error of the builtin `compile`, which words it as CPython does.
fn syntax_error(source: &str, filename: &str, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let compiled = vm.builtins.get_attr("compile", vm).and_then(|compile| {
        compile.call(
            (
                source.to_owned(),
                filename.to_owned(),
                "exec",
                ALLOW_TOP_LEVEL_AWAIT,
            ),
            vm,
        )
    });
    match compiled {
        Err(error) => error,
        Ok(_) => vm.new_exception_msg(
            vm.ctx.exceptions.syntax_error.to_owned(),
            "invalid syntax".into(),
        ),
    }
}

impl Constructor for Statements {
    type Args = (
        PyStrRef,
        PyStrRef,
        OptionalArg<bool>,
        OptionalArg<PyStrRef>,
        OptionalArg<bool>,
    );

    fn py_new(
        _class: &Py<PyType>,
        (source, filename, autoawait, last, compiles_functions): Self::Args,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let source = source.try_as_utf8(vm)?.as_str();
        let autoawait = autoawait.unwrap_or(true);
        let compiles_functions = compiles_functions.unwrap_or(false);
        let last = last.into_option();
        let last = last.map_or(Some(Last::Eval), |mode| {
            Last::named(&mode.to_string_lossy())
        });
        let last =
            last.ok_or_else(|| vm.new_value_error("the mode is 'eval', 'single' or 'exec'"))?;
        let filename = filename.to_string_lossy();
        Self::parse(source, &filename, autoawait, last, compiles_functions, vm)
    }
}

#[pyclass(with(Constructor, Iterable, IterNext))]
impl Statements {
    /// Whether its code may await, and some runner has to drive it.
    #[pygetset]
    fn asynchronous(zelf: &Py<Self>) -> bool {
        zelf.asynchronous
    }

    /// Under which name those are compiled that have not been yet.
    #[pygetset]
    fn filename(zelf: &Py<Self>) -> String {
        zelf.file.lock().name().to_owned()
    }

    #[pygetset(setter)]
    fn set_filename(zelf: &Py<Self>, filename: String) {
        *zelf.file.lock() = SourceFileBuilder::new(filename, zelf.source.as_str()).finish();
    }
}

impl SelfIter for Statements {}

impl IterNext for Statements {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let (statement, is_last) = {
            let mut rest = zelf.rest.lock();
            let Some(statement) = rest.pop_front() else {
                return Ok(PyIterReturn::StopIteration(None));
            };
            (statement, rest.is_empty())
        };
        let code = zelf.compile(statement, is_last, vm)?;
        statement_begins();
        Ok(PyIterReturn::Return(code))
    }
}
