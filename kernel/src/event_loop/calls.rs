//! The arguments of the methods that schedule callbacks.

use std::sync::OnceLock;

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine, function::FuncArgs,
};

use super::handle::Callback;
use crate::native::import::from_module;

/// A copy of the current context.
pub(crate) fn copy_context(vm: &VirtualMachine) -> PyResult {
    static COPY_CONTEXT: OnceLock<PyObjectRef> = OnceLock::new();
    if let Some(copy_context) = COPY_CONTEXT.get() {
        return copy_context.call((), vm);
    }
    let copy_context = from_module("_contextvars", "copy_context", vm)?;
    COPY_CONTEXT.get_or_init(|| copy_context).call((), vm)
}

/// The arguments of `call_soon(callback, *args, context=None)` and its siblings.
pub(super) struct Call {
    pub(super) callback: Callback,
    pub(super) context: Option<PyObjectRef>,
}

impl Call {
    /// Takes the arguments apart after `leading` of them were taken off already.
    pub(super) fn from_args(
        method: &str,
        mut args: FuncArgs,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let context = args
            .take_keyword("context")
            .filter(|context| !vm.is_none(context));
        if let Some(context) = &context {
            check_context(context, vm)?;
        }
        if args.args.is_empty()
            && let Some(callback) = args.take_keyword("callback")
        {
            args.prepend_arg(callback);
        }
        if let Some((name, _)) = args.kwargs.first() {
            return Err(vm.new_type_error(format!(
                "{method}() got an unexpected keyword argument '{name}'"
            )));
        }
        if args.args.is_empty() {
            return Err(vm.new_type_error(format!(
                "{method}() missing 1 required positional argument: 'callback'"
            )));
        }
        let function = args.args.remove(0);
        Ok(Self {
            callback: Callback {
                function,
                args: args.args,
            },
            context,
        })
    }
}

/// What is not a context would be found out where it can no longer be said whose it is.
fn check_context(context: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    static CONTEXT: OnceLock<PyObjectRef> = OnceLock::new();
    let class = match CONTEXT.get() {
        Some(class) => class,
        None => {
            let class = from_module("_contextvars", "Context", vm)?;
            CONTEXT.get_or_init(|| class)
        }
    };
    if class.is(context.class()) {
        return Ok(());
    }
    let name = context.class().name().to_owned();
    Err(vm.new_type_error(format!("context must be a contextvars.Context, not {name}")))
}

pub(super) fn take_seconds(
    method: &str,
    name: &str,
    args: &mut FuncArgs,
    vm: &VirtualMachine,
) -> PyResult<f64> {
    if args.args.is_empty() {
        return Err(vm.new_type_error(format!(
            "{method}() missing 1 required positional argument: '{name}'"
        )));
    }
    let seconds = args.args.remove(0);
    if vm.is_none(&seconds) {
        let verb = if name == "when" { "cannot" } else { "must not" };
        return Err(vm.new_type_error(format!("{name} {verb} be None")));
    }
    seconds.try_float(vm).map(|seconds| seconds.to_f64())
}
