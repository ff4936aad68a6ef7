//! What the functions say of themselves that stand in the place of the interpreter's.

use rustpython_vm::{PyObject, PyResult, VirtualMachine, function::ItemDoc};

/// Signature and text of a function, in the form that a definition has, which lives as long as the process.
pub(super) fn doc_of(function: &PyObject, vm: &VirtualMachine) -> PyResult<ItemDoc> {
    let text = |name: &'static str| function.get_attr(name, vm)?.str(vm);
    let (name, signature) = (text("__name__")?, text("__text_signature__")?);
    let doc = format!("{name}{signature}\n--\n\n{}", text("__doc__")?);
    Ok(ItemDoc::static_text(doc.leak()))
}
