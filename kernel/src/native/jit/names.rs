//! What the compiler is told about global names.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyModule, PyStrInterned},
};

use super::guards::{Guard, Meaning, Place, attribute, global};
use super::{Jitted, arguments};
use crate::jit::builtin::Builtin;
use crate::jit::flow::{Binding, Names};

/// The functions that a function calls, itself the first, and what code for them depends on.
pub(super) struct Linking<'a> {
    pub(super) vm: &'a VirtualMachine,
    pub(super) functions: Vec<PyRef<Jitted>>,
    /// Which of them is compiled now.
    pub(super) current: usize,
    pub(super) guards: Vec<Guard>,
}

impl Linking<'_> {
    fn place(&self) -> Place {
        let globals = &self.functions[self.current].globals;
        if globals.is(&self.functions[0].globals) {
            Place::Own
        } else {
            Place::Of(globals.clone())
        }
    }

    fn guard(&mut self, place: Place, name: &'static PyStrInterned, meaning: Meaning) {
        self.guards.push(Guard {
            place,
            name,
            meaning,
        });
    }

    fn bind(&mut self, found: Option<PyObjectRef>) -> (Binding, Meaning) {
        let Some(found) = found else {
            return (Binding::Missing, Meaning::Nothing);
        };
        if let Some(constant) = arguments::operand(&found, self.vm) {
            return (Binding::Constant(constant), Meaning::Constant(constant));
        }
        if let Some(builtin) = builtin(&found, self.vm) {
            return (Binding::Builtin(builtin), Meaning::Object(found));
        }
        // `g = jit(f)`, where `f` calls itself by its name.
        if self.current == 0 && found.is(&self.functions[0].function) {
            let root = &self.functions[0];
            return (
                Binding::Routine(0, root.parameters.clone()),
                Meaning::Itself,
            );
        }
        match found.downcast::<Jitted>() {
            Ok(jitted) => {
                let parameters = jitted.parameters.clone();
                let meaning = Meaning::Jitted(jitted.serial);
                (Binding::Routine(self.number(jitted), parameters), meaning)
            }
            Err(other) => (
                Binding::Other(words(&other)),
                Meaning::Obstacle(other.get_id()),
            ),
        }
    }

    fn number(&mut self, jitted: PyRef<Jitted>) -> usize {
        let known = self.functions.iter().position(|known| known.is(&jitted));
        known.unwrap_or_else(|| {
            self.functions.push(jitted);
            self.functions.len() - 1
        })
    }

    fn find(&mut self, name: &str) -> PyResult<Binding> {
        if name.starts_with("__") && !name.ends_with("__") {
            // In a class it is another name.
            return Ok(Binding::Other(format!("`{name}`, a private name")));
        }
        let interned = self.vm.ctx.intern_str(name);
        let globals = self.functions[self.current].globals.clone();
        let found = global(&globals, interned, self.vm)?;
        let (binding, meaning) = self.bind(found);
        self.guard(self.place(), interned, meaning);
        Ok(named(binding, name))
    }

    fn find_attribute(&mut self, module: &str, name: &str) -> PyResult<Binding> {
        let (interned_module, interned) =
            (self.vm.ctx.intern_str(module), self.vm.ctx.intern_str(name));
        let globals = self.functions[self.current].globals.clone();
        let Some(found) = global(&globals, interned_module, self.vm)? else {
            self.guard(self.place(), interned_module, Meaning::Nothing);
            return Ok(Binding::Missing);
        };
        if found.downcast_ref::<PyModule>().is_none() {
            let obstacle = Meaning::Obstacle(found.get_id());
            self.guard(self.place(), interned_module, obstacle);
            return Ok(Binding::Other(format!("an attribute of `{module}`")));
        }
        let value = attribute(&found, interned, self.vm)?;
        let (binding, meaning) = self.bind(value);
        self.guard(
            self.place(),
            interned_module,
            Meaning::Object(found.clone()),
        );
        self.guard(Place::Attribute(found), interned, meaning);
        Ok(named(binding, &format!("{module}.{name}")))
    }
}

impl Names for Linking<'_> {
    fn global(&mut self, name: &str) -> Binding {
        self.find(name).unwrap_or(Binding::Missing)
    }

    fn attribute(&mut self, module: &str, name: &str) -> Binding {
        self.find_attribute(module, name)
            .unwrap_or(Binding::Missing)
    }
}

/// The names as they are when a function is defined: those of the user's may mean something else when it is called.
pub(super) struct Builtins<'a> {
    pub(super) jitted: &'a Py<Jitted>,
    pub(super) vm: &'a VirtualMachine,
}

impl Names for Builtins<'_> {
    fn global(&mut self, name: &str) -> Binding {
        let interned = self.vm.ctx.intern_str(name);
        let is_own = self.jitted.globals.get_item_opt(interned, self.vm);
        if !matches!(is_own, Ok(None)) {
            return Binding::Missing;
        }
        match self.vm.builtins.dict().get_item_opt(interned, self.vm) {
            Ok(Some(found)) => match builtin(&found, self.vm) {
                Some(builtin) => Binding::Builtin(builtin),
                None => Binding::Other(format!("`{name}`")),
            },
            _ => Binding::Missing,
        }
    }

    fn attribute(&mut self, _module: &str, _name: &str) -> Binding {
        Binding::Missing
    }
}

/// A function or type of Python's own that compiled code knows.
fn builtin(object: &PyObjectRef, vm: &VirtualMachine) -> Option<Builtin> {
    let types = &vm.ctx.types;
    for (class, builtin) in [
        (types.int_type, Builtin::Int),
        (types.float_type, Builtin::Float),
        (types.bool_type, Builtin::Bool),
        (types.range_type, Builtin::Range),
    ] {
        if object.is(class) {
            return Some(builtin);
        }
    }
    if !object.class().is(types.builtin_function_or_method_type) {
        return None;
    }
    let text = |name: &'static str| {
        let text = object.get_attr(name, vm).ok()?;
        Some(text.str(vm).ok()?.to_string_lossy().into_owned())
    };
    Builtin::find(&text("__module__")?, &text("__name__")?)
}

fn words(object: &PyObjectRef) -> String {
    match &*object.class().name() {
        "int" => "an integer of more than 64 bits".to_owned(),
        "function" => "a function that is not compiled".to_owned(),
        class => format!("which is of type `{class}`"),
    }
}

fn named(binding: Binding, name: &str) -> Binding {
    match binding {
        Binding::Other(what) => Binding::Other(format!("`{name}`, {what}")),
        other => other,
    }
}
