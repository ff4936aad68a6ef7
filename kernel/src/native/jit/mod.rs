//! `Jitted`: a function of Python's with machine code for the kinds of arguments that it is called with, and the
//! interpreter for all others. See [`crate::jit`].

mod arguments;
mod guards;
mod names;
mod run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use ruff_python_ast::StmtFunctionDef;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyBoundMethod, PyDictRef, PyStrRef, PyType},
    common::lock::PyRwLock,
    function::FuncArgs,
    object::{Traverse, TraverseFn},
    pyclass,
    types::{Callable, Constructor, GetDescriptor, Representable},
};

use self::guards::Guard;
use crate::jit::flow::{Lines, Parameters, Routine, lower};
use crate::jit::kind::Kind;
use crate::jit::machine::Unit;
use crate::jit::refusal::Refusal;
use crate::jit::source;
use crate::native::import::from_module;

/// More lists of kinds than this have no code of their own: the function is called with anything.
const MOST_VERSIONS: usize = 16;
/// So often code is made for one function, again because a global name has another meaning.
const MOST_MADE: usize = 64;
/// So often lists are copied of which little is read; then calls with lists are the interpreter's.
const MOST_WASTED: usize = 32;

/// A function with machine code.
#[pyclass(module = "_everloop", name = "Jitted", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Jitted {
    function: PyObjectRef,
    globals: PyDictRef,
    /// `None` where its source is not known.
    source: Option<Source>,
    parameters: Parameters,
    /// Tells it from all others, also from those that are no more.
    serial: u64,
    versions: PyRwLock<Vec<Arc<Version>>>,
    made: AtomicUsize,
    /// How often lists were copied for little.
    wasted: AtomicUsize,
    /// Whether somebody was told why the interpreter runs it.
    is_told: AtomicBool,
}

#[derive(Debug)]
struct Source {
    text: String,
    definition: StmtFunctionDef,
}

/// What a function is for one list of kinds, as long as global names mean what they meant.
#[derive(Debug)]
struct Version {
    kinds: Vec<Kind>,
    guards: Vec<Guard>,
    /// `None` if it cannot be compiled.
    unit: Option<Unit>,
}

impl Constructor for Jitted {
    type Args = (PyObjectRef, PyStrRef);

    /// Of a function and the text of the file or cell that it is in.
    fn py_new(
        _class: &Py<PyType>,
        (function, text): Self::Args,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let code = function.get_attr("__code__", vm)?;
        let name: PyStrRef = code.get_attr("co_name", vm)?.try_into_value(vm)?;
        let line: usize = code.get_attr("co_firstlineno", vm)?.try_into_value(vm)?;
        let text = text.to_string_lossy().into_owned();
        let definition = source::find(&text, &name.to_string_lossy(), line);
        let source = definition.map(|definition| Source { text, definition });
        let parameters = match &source {
            Some(source) => arguments::parameters(&source.definition, &function, vm)?,
            None => Parameters::default(),
        };
        Ok(Self {
            globals: function.get_attr("__globals__", vm)?.try_into_value(vm)?,
            function,
            source,
            parameters,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            versions: PyRwLock::default(),
            made: AtomicUsize::new(0),
            wasted: AtomicUsize::new(0),
            is_told: AtomicBool::new(false),
        })
    }
}

impl Callable for Jitted {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        match run::run(zelf, &args, vm)? {
            Some(result) => Ok(result),
            None => zelf.function.call(args, vm),
        }
    }
}

impl GetDescriptor for Jitted {
    fn descr_get(
        zelf: &PyObject,
        instance: Option<&PyObject>,
        _class: Option<&PyObject>,
        vm: &VirtualMachine,
    ) -> PyResult {
        Ok(match instance {
            Some(instance) if !vm.is_none(instance) => {
                PyBoundMethod::new(instance.to_owned(), zelf.to_owned())
                    .into_ref(&vm.ctx)
                    .into()
            }
            _ => zelf.to_owned(),
        })
    }
}

impl Representable for Jitted {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let name: PyStrRef = zelf
            .function
            .get_attr("__qualname__", vm)?
            .try_into_value(vm)?;
        let address = zelf.get_id();
        Ok(format!(
            "<compiled function {} at {address:#x}>",
            name.to_string_lossy()
        ))
    }
}

#[pyclass(
    flags(HAS_DICT, HAS_WEAKREF),
    with(Constructor, Callable, GetDescriptor, Representable)
)]
impl Jitted {
    /// What keeps the function from being compiled, or None as far as its text can tell.
    #[pymethod]
    fn obstacle(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<String>> {
        let code = zelf.function.get_attr("__code__", vm)?;
        let free = code.get_attr("co_freevars", vm)?;
        if free.length(vm)? > 0 {
            return Ok(Some("a variable of the function around it".to_owned()));
        }
        let mut names = names::Builtins { jitted: zelf, vm };
        let refusal = zelf.lowered(&mut names).err();
        Ok(refusal.map(|refusal| refusal.to_string()))
    }

    /// For which kinds of arguments there is machine code: `(int, float)`.
    #[pymethod]
    fn signatures(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let versions = zelf.versions.read();
        let compiled = versions.iter().filter(|version| version.unit.is_some());
        let signatures = compiled.map(|version| {
            let kinds: Vec<_> = version.kinds.iter().map(Kind::to_string).collect();
            vm.new_pyobj(format!("({})", kinds.join(", ")))
        });
        vm.ctx.new_list(signatures.collect()).into()
    }

    /// Pickled by its name, as a function is.
    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.function.get_attr("__qualname__", vm)
    }
}

impl Jitted {
    fn lowered(&self, names: &mut dyn crate::jit::flow::Names) -> Result<Routine, Refusal> {
        match &self.source {
            Some(source) => lower(&source.definition, &Lines(&source.text), names),
            None => Err(Refusal::of_all("its source, which is not known")),
        }
    }

    /// Says once why the interpreter runs the function.
    fn tell(&self, refusal: &Refusal, vm: &VirtualMachine) -> PyResult<()> {
        if self.is_told.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let remark = from_module("everloop.compiled", "remark", vm)?;
        remark
            .call((self.function.clone(), refusal.to_string()), vm)
            .map(drop)
    }
}

#[expect(unsafe_code, reason = "the collector's protocol")]
// SAFETY: each reference that is owned, and can be part of a cycle, is visited once.
unsafe impl Traverse for Jitted {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.function.traverse(visit);
        self.globals.traverse(visit);
    }
}
