//! Instructions that were specialised for an object that is no longer the one they meet.
//!
//! The interpreter puts an instruction for one function, or for one class, in the place of a general one that has run twice,
//! and never takes it back: whoever comes later goes the long way round, which is half as fast as the general instruction.
//! So a nested function, made anew by each call of the one around it, is fast the first time only. CPython counts the
//! misses and specialises anew (`Python/specialize.c`).
//!
//! A call that goes the long way comes by [`call`], which looks at some of them: if the instruction that calls was meant for
//! another function, everything in its code that is specialised by identity becomes general again, and is specialised for
//! what it meets next.
//!
//! - `growth`: the same for what is specialised for the names of a namespace

mod growth;

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use rustpython_vm::{
    Context, Py, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyCode, PyFunction},
    bytecode::{ADAPTIVE_WARMUP_VALUE, Instruction},
    frame,
    vm::thread,
};

pub(crate) use self::growth::statement_begins;

type Vectorcall =
    fn(&PyObject, Vec<PyObjectRef>, usize, Option<&[PyObjectRef]>, &VirtualMachine) -> PyResult;

static INTERPRETERS_CALL: OnceLock<Vectorcall> = OnceLock::new();

/// One call in so many is looked at.
const SAMPLE: u32 = 64;

/// Code that calls now this function and now that one is made general less and less often: after so many doublings not
/// more seldom.
const DOUBLINGS: u32 = 6;

/// Places for the codes that were made general; two that share one are told apart by who came last.
const PLACES: usize = 256;

#[derive(Clone, Copy, Default)]
struct Patience {
    code: usize,
    times: u32,
    /// Misses that pass before the next time.
    left: u32,
}

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static PATIENCE: RefCell<[Patience; PLACES]> =
        const { RefCell::new([Patience { code: 0, times: 0, left: 0 }; PLACES]) };
}

/// Lets functions be called by [`call`]. Before any runs.
pub(super) fn repair(ctx: &Context) {
    let slot = &ctx.types.function_type.slots.vectorcall;
    if let Some(original) = slot.load()
        && INTERPRETERS_CALL.set(original).is_ok()
    {
        slot.store(Some(call));
    }
}

fn call(
    function: &PyObject,
    arguments: Vec<PyObjectRef>,
    positional: usize,
    keywords: Option<&[PyObjectRef]>,
    vm: &VirtualMachine,
) -> PyResult {
    let calls = CALLS.get().wrapping_add(1);
    CALLS.set(calls);
    if calls.is_multiple_of(SAMPLE)
        && let Some(function) = function.downcast_ref::<PyFunction>()
    {
        look(function);
    }
    if growth::is_at_a_beginning()
        && let Some(function) = function.downcast_ref::<PyFunction>()
    {
        growth::follow(function, vm);
    }
    let interpreters_call = INTERPRETERS_CALL
        .get()
        .expect("it was replaced by this one");
    interpreters_call(function, arguments, positional, keywords, vm)
}

/// Makes the code that calls `function` general, if its instruction waits for another one.
#[cold]
fn look(function: &Py<PyFunction>) {
    let Some(code) = frame::current_code() else {
        return;
    };
    let Some(instruction) = current_instruction() else {
        return;
    };
    if misses(&code, instruction, function) && is_time(&code) {
        generalize(&code);
    }
}

/// Where the instruction stands that the current frame executes.
fn current_instruction() -> Option<usize> {
    let current = thread::get_current_frame();
    if current.is_null() {
        return None;
    }
    #[expect(unsafe_code, reason = "the interpreter keeps a pointer")]
    // SAFETY: it is the frame that this thread executes, which ends after this call.
    let next = unsafe { &(*current).lasti }.load(Ordering::Relaxed);
    usize::try_from(next).ok()?.checked_sub(1)
}

fn misses(code: &PyCode, instruction: usize, function: &Py<PyFunction>) -> bool {
    let instructions = &code.code.instructions;
    if instruction + 3 >= instructions.len() {
        return false;
    }
    match instructions.read_op(instruction) {
        Instruction::CallPyExactArgs
        | Instruction::CallPyGeneral
        | Instruction::CallBoundMethodExactArgs
        | Instruction::CallBoundMethodGeneral
        | Instruction::CallKwPy
        | Instruction::CallKwBoundMethod => {
            instructions.read_cache_u32(instruction + 2) != function.func_version()
        }
        _ => false,
    }
}

/// Whether this miss of a code is one that counts.
fn is_time(code: &Py<PyCode>) -> bool {
    let address = std::ptr::from_ref(code).addr();
    PATIENCE.with_borrow_mut(|places| {
        let patience = &mut places[(address >> 6) % PLACES];
        if patience.code != address {
            *patience = Patience {
                code: address,
                ..Patience::default()
            };
        }
        if patience.left > 0 {
            patience.left -= 1;
            return false;
        }
        patience.left = (1 << patience.times) - 1;
        patience.times = (patience.times + 1).min(DOUBLINGS);
        true
    })
}

/// Takes back what is specialised by the identity of a function, a class or a namespace.
fn generalize(code: &PyCode) {
    let instructions = &code.code.instructions;
    let mut index = 0;
    while index < instructions.len() {
        let instruction = instructions.read_op(index);
        if is_of_one_object(instruction) {
            #[expect(
                unsafe_code,
                reason = "the interpreter's own way to change an instruction"
            )]
            // SAFETY: the index is in bounds, and the general instruction takes the same argument. A thread that executes the
            // special one meanwhile compares versions after it has read what they belong to, or whatever it calls.
            unsafe {
                instructions.write_adaptive_counter(index + 1, ADAPTIVE_WARMUP_VALUE);
                instructions.replace_op(index, instruction.deoptimize());
            }
        }
        index += 1 + instruction.cache_entries();
    }
}

/// Those whose caches may be written while another thread reads them: not what keeps the offset of a slot.
fn is_of_one_object(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::CallPyExactArgs
            | Instruction::CallPyGeneral
            | Instruction::CallBoundMethodExactArgs
            | Instruction::CallBoundMethodGeneral
            | Instruction::CallKwPy
            | Instruction::CallKwBoundMethod
            | Instruction::CallAllocAndEnterInit
            | Instruction::LoadAttrClass
            | Instruction::LoadAttrInstanceValue
            | Instruction::LoadAttrMethodLazyDict
            | Instruction::LoadAttrMethodNoDict
            | Instruction::LoadAttrMethodWithValues
            | Instruction::LoadAttrNondescriptorNoDict
            | Instruction::LoadAttrNondescriptorWithValues
            | Instruction::LoadAttrWithHint
            | Instruction::LoadGlobalBuiltin
            | Instruction::LoadGlobalModule
            | Instruction::StoreAttrInstanceValue
            | Instruction::StoreAttrWithHint
    )
}

#[cfg(test)]
mod tests {
    use rustpython::InterpreterBuilderExt;
    use rustpython_vm::{
        AsObject, Interpreter, PyRef, VirtualMachine,
        builtins::{PyCode, PyFunction},
        bytecode::Instruction,
    };

    use super::INTERPRETERS_CALL;

    /// A function that calls itself, made twice by the one around it.
    const NESTED: &str = "\
def outer():
    def inner(number):
        return number if number < 2 else inner(number - 1) + inner(number - 2)
    inner(18)
    return inner
first, second = outer(), outer()
";

    fn function(
        name: &str,
        scope: &rustpython_vm::scope::Scope,
        vm: &VirtualMachine,
    ) -> PyRef<PyFunction> {
        let function = scope.globals.get_item(name, vm).expect("it is defined");
        function.downcast().expect("it is a function")
    }

    /// For which function, the first or the second, the calls in their code are specialised.
    fn is_for(interpreter: &Interpreter) -> (bool, bool) {
        interpreter.enter(|vm| {
            let scope = vm.new_scope_with_builtins();
            vm.run_string(scope.clone(), NESTED, "nested.py")
                .expect("it runs");
            let (first, second) = (
                function("first", &scope, vm),
                function("second", &scope, vm),
            );
            let code = second.as_object().get_attr("__code__", vm);
            let code: PyRef<PyCode> = code
                .ok()
                .and_then(|code| code.downcast().ok())
                .expect("it has code");
            let instructions = &code.code.instructions;
            let version = (0..instructions.len())
                .find(|&index| matches!(instructions.read_op(index), Instruction::CallPyExactArgs))
                .map(|index| instructions.read_cache_u32(index + 2));
            (
                version == Some(first.func_version()),
                version == Some(second.func_version()),
            )
        })
    }

    #[test]
    fn calls_are_specialised_for_the_function_that_they_meet() {
        let interpreter = crate::python::embedded().expect("the interpreter starts");
        assert_eq!(is_for(&interpreter), (false, true));
    }

    /// When this fails, this file is no longer needed.
    #[test]
    fn the_interpreter_alone_keeps_the_first() {
        // In a process of its own, as each test has one: classes are the process's.
        if INTERPRETERS_CALL.get().is_none() {
            let interpreter = rustpython::InterpreterBuilder::new().init_stdlib().build();
            assert_eq!(is_for(&interpreter), (true, false));
        }
    }
}
