//! Functions whose namespace has got other names since their instructions were specialised.
//!
//! What loads a global is specialised for the set of names of the namespace, and goes the long way round as soon as that
//! has changed. In a notebook it changes with every cell, if only by the cell's source and its result: a function that has
//! run once would be slower in all later cells. So the first calls of each cell are looked at.

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyCode, PyDict, PyFunction, PyStrInterned},
};

use super::generalize;

/// So many calls of a statement of a cell are looked at. Those in its loops are specialised soon, and come here no more.
const CALLS: u32 = 256;

/// Places for the codes that were looked at; one that was driven out is made general once more.
const PLACES: usize = 512;

/// Counts the statements that cells have begun.
static STATEMENTS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy, Default)]
struct Window {
    statement: u32,
    /// Calls that are still looked at.
    left: u32,
}

/// What a code was made general for: the namespace by its address, how many places its names have taken so far, and how
/// many there are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    code: usize,
    namespace: usize,
    places: usize,
    names: usize,
}

thread_local! {
    static WINDOW: Cell<Window> = const { Cell::new(Window { statement: 0, left: 0 }) };
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// A statement of a cell begins, on whatever thread.
pub(crate) fn statement_begins() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

/// Whether a call of this thread is one of those that are looked at.
pub(super) fn is_at_a_beginning() -> bool {
    let statement = STATEMENTS.load(Ordering::Relaxed);
    let mut window = WINDOW.get();
    if window.statement == statement && window.left == 0 {
        return false;
    }
    if window.statement != statement {
        window = Window {
            statement,
            left: CALLS,
        };
    }
    window.left -= 1;
    WINDOW.set(window);
    true
}

/// Makes the code of `function` general, if its namespace has got other names since the last time. With all of it: a call
/// that is specialised does not come here.
#[cold]
pub(super) fn follow(function: &Py<PyFunction>, vm: &VirtualMachine) {
    let Some([globals, code]) = parts(function, vm) else {
        return;
    };
    let (Some(globals), Some(code)) = (
        globals.downcast_ref::<PyDict>(),
        code.downcast_ref::<PyCode>(),
    ) else {
        return;
    };
    if is_news(code, globals) {
        generalize(code);
    }
}

fn parts(function: &Py<PyFunction>, vm: &VirtualMachine) -> Option<[PyObjectRef; 2]> {
    static NAMES: OnceLock<[&'static PyStrInterned; 2]> = OnceLock::new();
    let names =
        NAMES.get_or_init(|| ["__globals__", "__code__"].map(|name| vm.ctx.intern_str(name)));
    let part = |name| function.as_object().get_attr(name, vm).ok();
    Some([part(names[0])?, part(names[1])?])
}

fn is_news(code: &Py<PyCode>, globals: &Py<PyDict>) -> bool {
    let size = globals.size();
    let seen = Seen {
        code: std::ptr::from_ref(code).addr(),
        namespace: std::ptr::from_ref(globals).addr(),
        places: size.entries_size,
        names: size.used,
    };
    SEEN.with_borrow_mut(|places| {
        if places.is_empty() {
            places.resize(PLACES, Seen::default());
        }
        let place = &mut places[(seen.code >> 6) % PLACES];
        std::mem::replace(place, seen) != seen
    })
}

#[cfg(test)]
mod tests {
    use rustpython::InterpreterBuilderExt;
    use rustpython_vm::{Interpreter, PyRef, builtins::PyCode, bytecode::Instruction};

    use super::super::INTERPRETERS_CALL;
    use super::statement_begins;

    const CELLS: [&str; 3] = [
        "\
one = 1
def function(): return one + one
def calls():
    for _ in range(10): function()
calls()
",
        "another = 2",
        "calls()",
    ];

    /// Whether a global is loaded fast in the last cell, for which the namespace is as it was before.
    fn is_specialised_anew(interpreter: &Interpreter) -> bool {
        interpreter.enter(|vm| {
            let scope = vm.new_scope_with_builtins();
            let mut versions = Vec::new();
            for cell in CELLS {
                statement_begins();
                vm.run_string(scope.clone(), cell, "cell.py")
                    .expect("it runs");
                let function = scope.globals.get_item("function", vm);
                let code = function.and_then(|function| function.get_attr("__code__", vm));
                let code: PyRef<PyCode> =
                    code.expect("it is defined").downcast().expect("it is code");
                let instructions = &code.code.instructions;
                let load = (0..instructions.len())
                    .find(|&index| {
                        matches!(instructions.read_op(index), Instruction::LoadGlobalModule)
                    })
                    .expect("it is specialised");
                versions.push(instructions.read_cache_u16(load + 2));
            }
            assert_eq!(versions[0], versions[1]);
            versions[1] != versions[2]
        })
    }

    #[test]
    fn globals_are_specialised_anew_when_there_are_more_of_them() {
        let interpreter = crate::python::embedded().expect("the interpreter starts");
        assert!(is_specialised_anew(&interpreter));
    }

    /// When this fails, this file is no longer needed.
    #[test]
    fn the_interpreter_alone_goes_the_long_way_for_ever() {
        // In a process of its own, as each test has one: classes are the process's.
        if INTERPRETERS_CALL.get().is_none() {
            let interpreter = rustpython::InterpreterBuilder::new().init_stdlib().build();
            assert!(!is_specialised_anew(&interpreter));
        }
    }
}
