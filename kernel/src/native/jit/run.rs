//! A call of a function that may have machine code.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyResult, VirtualMachine, builtins::PyBaseExceptionRef,
    function::FuncArgs,
};

use super::arguments::{Given, object};
use super::names::Linking;
use super::{Jitted, MOST_MADE, MOST_VERSIONS, MOST_WASTED, Version};
use crate::jit::Program;
use crate::jit::kind::Kind;
use crate::jit::machine::{Context, Ending, STOPPED, Unit};
use crate::jit::refusal::Refusal;
use crate::native::panics::caught;

/// Copying so many items of lists is as much work as a turn of a loop saves.
const WORTH: u64 = 8;
/// So many can always be copied.
const WORTH_ANYWAY: u64 = 64;

/// The result, or `None` if the interpreter has to make the call.
///
/// # Errors
/// What a handler of signals raised meanwhile, KeyboardInterrupt above all.
pub(super) fn run(
    jitted: &Py<Jitted>,
    args: &FuncArgs,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    let Some(mut given) = Given::take(args, jitted, vm) else {
        return Ok(None);
    };
    let Some(version) = version(jitted, &given.kinds, vm)? else {
        return Ok(None);
    };
    let Some(unit) = &version.unit else {
        return Ok(None);
    };
    let copied = given.copied();
    let (result, turns) = call(unit, &mut given, vm)?;
    if jitted.note_turns(copied, turns) {
        let what = "long lists of which it reads little";
        jitted.tell(&Refusal::of_all(what), vm)?;
    }
    Ok(result)
}

impl Jitted {
    /// Counts copies of lists that were not worth it; true for the last one that is made.
    pub(super) fn note_turns(&self, copied: u64, turns: u64) -> bool {
        let is_wasted = copied > WORTH * turns + WORTH_ANYWAY;
        is_wasted && self.wasted.fetch_add(1, Ordering::Relaxed) + 1 == MOST_WASTED
    }
}

/// What is known of the function for these kinds; it is compiled if that is nothing.
fn version(
    jitted: &Py<Jitted>,
    kinds: &[Kind],
    vm: &VirtualMachine,
) -> PyResult<Option<Arc<Version>>> {
    let find = |version: &&Arc<Version>| version.kinds == kinds;
    let (found, count) = {
        let versions = jitted.versions.read();
        (versions.iter().find(find).cloned(), versions.len())
    };
    if let Some(version) = &found {
        let mut holds = true;
        for guard in &version.guards {
            holds = holds && guard.holds(jitted, vm)?;
        }
        if holds {
            return Ok(found);
        }
    } else if count == MOST_VERSIONS {
        return Ok(None);
    }
    if jitted.made.fetch_add(1, Ordering::Relaxed) >= MOST_MADE {
        let what = "global names that change again and again";
        jitted.tell(&Refusal::of_all(what), vm)?;
        return Ok(None);
    }
    let version = Arc::new(make(jitted, kinds, vm)?);
    let mut versions = jitted.versions.write();
    versions.retain(|version| version.kinds != kinds);
    versions.push(Arc::clone(&version));
    Ok(Some(version))
}

fn make(jitted: &Py<Jitted>, kinds: &[Kind], vm: &VirtualMachine) -> PyResult<Version> {
    let mut linking = Linking {
        vm,
        functions: vec![jitted.to_owned()],
        current: 0,
        guards: Vec::new(),
    };
    let unit = match compiled(&mut linking, kinds) {
        Ok(unit) => Some(unit),
        Err(refusal) => {
            let refused = linking.functions[linking.current].clone();
            jitted.tell(&within(refusal, jitted, &refused, vm), vm)?;
            None
        }
    };
    Ok(Version {
        kinds: kinds.to_vec(),
        guards: linking.guards,
        unit,
    })
}

fn compiled(linking: &mut Linking<'_>, kinds: &[Kind]) -> Result<Unit, Refusal> {
    let mut program = Program::default();
    while let Some(function) = linking.functions.get(program.routines.len()).cloned() {
        linking.current = program.routines.len();
        program.routines.push(function.lowered(linking)?);
    }
    linking.current = 0;
    Unit::compile(&program, 0, kinds)
}

/// The refusal of a function that `jitted` calls, as one of its own.
fn within(
    refusal: Refusal,
    jitted: &Py<Jitted>,
    refused: &Py<Jitted>,
    vm: &VirtualMachine,
) -> Refusal {
    let name = refused.function.get_attr("__name__", vm);
    match name.and_then(|name| name.str(vm)) {
        Ok(name) if !refused.is(jitted) => Refusal::of_all(format!(
            "a call of `{}`, because of {refusal}",
            name.to_string_lossy()
        )),
        _ => refusal,
    }
}

/// What a call of compiled code has to do with the interpreter.
struct Host<'a> {
    vm: &'a VirtualMachine,
    raised: Option<PyBaseExceptionRef>,
}

/// Lets the calling thread stop for a collection, and handle signals, as the interpreter does between two instructions.
extern "C" fn poll(context: &mut Context) -> i64 {
    #[expect(unsafe_code, reason = "compiled code hands a pointer through")]
    // SAFETY: `call` has put it there, and has no other reference to it while the code runs.
    let host = unsafe { &mut *context.host.cast::<Host<'_>>() };
    match caught(host.vm, || host.vm.check_signals()) {
        Ok(()) => 0,
        Err(raised) => {
            host.raised = Some(raised);
            STOPPED
        }
    }
}

/// The result, or `None` if the interpreter has to make the call; and how many turns of loops and calls there were.
fn call(
    unit: &Unit,
    given: &mut Given,
    vm: &VirtualMachine,
) -> PyResult<(Option<PyObjectRef>, u64)> {
    let used = vm.current_recursion_depth();
    let depth = vm.recursion_limit.get().saturating_sub(used);
    let mut host = Host { vm, raised: None };
    let mut context = Context::new(stack_limit(), poll, (&raw mut host).cast());
    let depth = i64::try_from(depth).unwrap_or(i64::MAX);
    for (place, items) in &mut given.lists {
        match context.lists.keep(std::mem::take(items)) {
            Some(address) => given.bits[*place] = address,
            None => return Ok((None, 0)),
        }
    }
    let ending = unit.call(&mut context, depth, &given.bits);
    let turns = context.turns();
    match ending {
        Ending::Returned(datum) => Ok((Some(object(datum, vm)), turns)),
        Ending::Left => Ok((None, turns)),
        Ending::Stopped => host.raised.map_or(Ok((None, turns)), Err),
    }
}

/// The lowest address that compiled code lets the calling thread's stack reach.
fn stack_limit() -> usize {
    thread_local! {
        static LIMIT: Cell<Option<usize>> = const { Cell::new(None) };
    }
    LIMIT.get().unwrap_or_else(|| {
        let limit = lowest_address();
        LIMIT.set(Some(limit));
        limit
    })
}

/// What helpers and the interpreter need below compiled code.
const RESERVE: usize = 256 << 10;

#[cfg(target_os = "linux")]
fn lowest_address() -> usize {
    #[expect(
        unsafe_code,
        reason = "the bounds of the stack are a matter of the C library"
    )]
    // SAFETY: `attributes` is read only if the call has filled it, and is destroyed once.
    unsafe {
        let mut attributes = std::mem::zeroed::<libc::pthread_attr_t>();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return usize::MAX;
        }
        let (mut base, mut size) = (std::ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&raw const attributes, &raw mut base, &raw mut size);
        libc::pthread_attr_destroy(&raw mut attributes);
        base.addr() + RESERVE.min(size / 2)
    }
}

#[cfg(target_os = "macos")]
fn lowest_address() -> usize {
    #[expect(
        unsafe_code,
        reason = "the bounds of the stack are a matter of the C library"
    )]
    // SAFETY: both have no preconditions for the calling thread.
    let (top, size) = unsafe {
        let this = libc::pthread_self();
        (
            libc::pthread_get_stackaddr_np(this).addr(),
            libc::pthread_get_stacksize_np(this),
        )
    };
    top - size + RESERVE.min(size / 2)
}
