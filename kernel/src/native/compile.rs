//! `compile`, in the place of the builtin: without a frame of its own, so that it is in no traceback.

use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine, builtins::PyType, common::wtf8::Wtf8,
    function::FuncArgs,
};

/// What the function needs of Python: the builtin, the class of syntax trees, and the repair of a tree.
struct Parts {
    compile: PyObjectRef,
    tree: PyObjectRef,
    repaired: PyObjectRef,
}

static PARTS: OnceLock<Parts> = OnceLock::new();

/// Remembers the builtin `compile`, the class `_ast.AST` and the function that repairs a tree.
pub(super) fn set_up(compile: PyObjectRef, tree: PyObjectRef, repaired: PyObjectRef) {
    // A second call brings the same.
    let _ = PARTS.set(Parts {
        compile,
        tree,
        repaired,
    });
}

pub(super) fn compile(mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let parts = PARTS
        .get()
        .ok_or_else(|| vm.new_runtime_error("compile is not set up"))?;
    let source = match args.args.first_mut() {
        Some(source) => Some(source),
        None => args.kwargs.get_mut(Wtf8::new("source")),
    };
    if let (Some(source), Some(tree)) = (source, parts.tree.downcast_ref::<PyType>())
        && source.fast_isinstance(tree)
    {
        *source = parts.repaired.call((source.clone(),), vm)?;
    }
    parts.compile.call(args, vm)
}
