//! The cell transformer, with Python's exceptions.

use rustpython_vm::{PyResult, VirtualMachine, builtins::PyBaseExceptionRef};

use crate::cell::{IndentationError, TransformError, transform};

/// # Errors
/// IndentationError and TabError as `tokenize` raises them, RuntimeError when a line does not come to an end.
pub(super) fn transform_cell(code: &str, vm: &VirtualMachine) -> PyResult<String> {
    match transform(code) {
        Ok(cell) => Ok(cell.code.into_owned()),
        Err(TransformError::Indentation(error)) => Err(indentation_error(&error, vm)),
        Err(error @ TransformError::StillChanging) => Err(vm.new_runtime_error(error.to_string())),
    }
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
