//! The cell transformer, with Python's exceptions.

use rustpython_vm::{PyResult, VirtualMachine, builtins::PyBaseExceptionRef};

use crate::cell::{IndentationError, TransformError, directive, transform};

/// Text that makes a cell one for IPython: its shell by its name, a change of the compiler for all cells that follow,
/// and comments that tell IPython what a line is.
const IPYTHONS: [&str; 3] = ["get_ipython", "__future__", "PYTHON-MODE"];

/// # Errors
/// IndentationError and TabError as `tokenize` raises them, RuntimeError when a line does not come to an end.
pub(super) fn transform_cell(code: &str, vm: &VirtualMachine) -> PyResult<String> {
    match transform(code) {
        Ok(cell) => Ok(cell.code.into_owned()),
        Err(TransformError::Indentation(error)) => Err(indentation_error(&error, vm)),
        Err(error @ TransformError::StillChanging) => Err(vm.new_runtime_error(error.to_string())),
    }
}

/// A cell that means to IPython what it means to Python: its text, ready to be compiled, and of a single line the word
/// that it begins with, by which IPython may know something of the user's. None for any other, and for one without code.
pub(super) fn plain_cell(code: &str) -> Option<(String, Option<String>)> {
    if code.trim().is_empty() || directive(code).is_some() {
        return None;
    }
    let cell = transform(code).ok().filter(|cell| !cell.uses_ipython)?;
    let text = cell.code.into_owned();
    if IPYTHONS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let line = text.trim_end_matches('\n');
    if line.contains('\n') {
        return Some((text, None));
    }
    let is_escape = line.starts_with([',', ';', '/', '%', '!', '?']);
    let word = line
        .trim_start()
        .chars()
        .take_while(|&char| is_of_word(char));
    let word = Some(word.collect());
    (!is_escape).then_some((text, word))
}

/// What IPython takes for a part of the first word of a line.
fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | '*')
}

fn indentation_error(error: &IndentationError, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let class = if error.is_about_tabs() {
        vm.ctx.exceptions.tab_error
    } else {
        vm.ctx.exceptions.indentation_error
    };
    let none = vm.ctx.none();
    let location = vm.ctx.new_tuple(vec![
        vm.ctx.new_str("<string>").into(),
        vm.ctx.new_int(error.line).into(),
        vm.ctx.new_int(error.text.chars().count() + 1).into(),
        vm.ctx.new_str(error.text.as_str()).into(),
        none.clone(),
        none,
    ]);
    let message = vm.ctx.new_str(error.to_string());
    match vm.invoke_exception(class, vec![message.into(), location.into()]) {
        Ok(exception) | Err(exception) => exception,
    }
}

#[cfg(test)]
mod tests {
    use super::plain_cell;

    #[test]
    fn what_is_pythons_alone_is_plain() {
        let plain = |code| plain_cell(code).map(|(text, word)| (text, word.unwrap_or_default()));
        let expected = |text: &str, word: &str| Some((text.to_owned(), word.to_owned()));
        assert_eq!(plain("x = 1"), expected("x = 1\n", "x"));
        assert_eq!(plain("a.b(1)"), expected("a.b(1)\n", "a.b"));
        assert_eq!(plain("(1)"), expected("(1)\n", ""));
        assert_eq!(plain("  x"), expected("x\n", "x"));
        assert_eq!(plain("x\ny"), expected("x\ny\n", ""));
        for other in [
            "",
            " \n ",
            "%time 1",
            "!ls",
            "x?",
            ";f x",
            "%%concurrent\n1",
            "get_ipython().run_line_magic('time', '1')",
            "from __future__ import annotations",
        ] {
            assert_eq!(plain(other), None, "{other:?}");
        }
    }
}

/// What `_everloop` has of it, and of what else the text of a cell says.
#[rustpython_vm::pymodule(sub, name = "_everloop")]
pub(super) mod functions {
    use rustpython_vm::{
        PyResult, VirtualMachine,
        builtins::{PyStrRef, PyTupleRef},
    };

    /// Whether a `;` at the end of the cell keeps its value from being shown.
    #[pyfunction]
    fn is_silenced(code: PyStrRef) -> bool {
        crate::cell::is_silenced(&code.to_string_lossy())
    }

    /// The cell as Python: what IPython's `TransformerManager.transform_cell` makes of it, with the same errors.
    #[pyfunction]
    fn transform_cell(code: PyStrRef, vm: &VirtualMachine) -> PyResult<String> {
        super::transform_cell(&code.to_string_lossy(), vm)
    }

    /// Whether the cell has syntax of IPython's: a magic, a shell escape, a question for help or an autocall.
    #[pyfunction]
    fn needs_ipython(code: PyStrRef) -> bool {
        crate::cell::transform(&code.to_string_lossy()).is_ok_and(|cell| cell.uses_ipython)
    }

    /// The text of a cell that means to IPython what it means to Python, ready to be compiled, and of a single line the
    /// word that it begins with; None for any other.
    #[pyfunction]
    fn plain_cell(code: PyStrRef, vm: &VirtualMachine) -> Option<PyTupleRef> {
        let (text, word) = super::plain_cell(&code.to_string_lossy())?;
        let word = word.map_or_else(|| vm.ctx.none(), |word| vm.ctx.new_str(word).into());
        Some(vm.ctx.new_tuple(vec![vm.ctx.new_str(text).into(), word]))
    }

    /// The lines below the first one of a cell with a directive; None of any other.
    #[pyfunction]
    fn below_directive(code: PyStrRef) -> Option<String> {
        crate::cell::directive(&code.to_string_lossy()).map(|(_, body)| body.to_owned())
    }
}
