//! Start and end of the interpreter thread.

use std::thread::JoinHandle;

use rustpython_vm::{Interpreter, PyResult, VirtualMachine, builtins::PyBaseExceptionRef};

use super::{ahead, builder, lookup};
use crate::event_loop::LoopCore;
use crate::fatal::give_alternate_stack;
use crate::native::door::Door;
use crate::native::{forks, panics::caught};
use crate::{diagnosis, kicks, limits};

/// Python frames are large on the native stack; only what is used of this becomes memory.
const STACK_SIZE: usize = 512 << 20;
/// Of a limited address space the stack takes one part in so many.
const SHARE: usize = 8;

fn stack_size() -> usize {
    let share = limits::address_space().map_or(STACK_SIZE, |space| space / SHARE);
    share.min(STACK_SIZE)
}

/// How often the loop may fail before it is given up.
const MOST_FAILURES: usize = 100;

/// What code of the user may have a handler for, and what its system calls are to be interrupted by.
const OF_PYTHON: [libc::c_int; 6] = [
    libc::SIGINT,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// Keeps the signals that are for code of the user away from the calling thread and those it starts, so that they
/// arrive at the interpreter thread.
pub fn leave_signals_to_python() {
    mask(libc::SIG_BLOCK);
}

fn mask(how: libc::c_int) {
    #[expect(unsafe_code, reason = "signal masks are a system call")]
    // SAFETY: `signals` is initialised by sigemptyset before it is read.
    unsafe {
        let mut signals = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut signals);
        for signal in OF_PYTHON {
            libc::sigaddset(&raw mut signals, signal);
        }
        libc::pthread_sigmask(how, &raw const signals, std::ptr::null_mut());
    }
}

pub(super) fn spawn(lookups: lookup::Seats, tokio: tokio::runtime::Handle) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name("python".to_owned())
        .stack_size(stack_size())
        .spawn(move || {
            give_alternate_stack();
            kicks::register_main(tokio);
            forks::watch();
            run(lookups);
        })
        .expect("the process can start a thread")
}

fn run(lookups: lookup::Seats) {
    let interpreter = builder::build();
    mask(libc::SIG_UNBLOCK);
    let result = interpreter.enter(|vm| {
        let result = ahead::begin(&interpreter, vm)
            .and_then(|()| import_main(vm))
            .and_then(|main| {
                lookups.fill(&interpreter);
                diagnosis::fill(interpreter.new_thread());
                caught(vm, || main.call((), vm).map(drop))
            });
        result.or_else(|raised| {
            report(&raised, vm);
            go_on(vm)
        })
    });
    if result.is_ok() {
        leave(interpreter);
    }
}

/// Ends Python; where it has freed what belongs to the user, with the process.
fn leave(interpreter: Interpreter) {
    if Door::existing().is_some_and(|door| door.is_left().is_cancelled()) {
        std::mem::forget(interpreter);
    } else {
        interpreter.finalize(None);
    }
}

/// Runs the loop until the kernel shuts down, although code of the user has broken what runs it.
fn go_on(vm: &VirtualMachine) -> Result<(), ()> {
    let door = Door::existing().ok_or(())?;
    let main = door.main().ok_or(())?;
    let mut failures = 0;
    while !door.is_shutting_down() && failures < MOST_FAILURES {
        let turns = caught(vm, || LoopCore::run_turns(&main.event_loop, None, vm));
        if let Err(raised) = turns {
            report(&raised, vm);
            failures += 1;
        }
    }
    if door.is_shutting_down() {
        Ok(())
    } else {
        Err(())
    }
}

fn report(raised: &PyBaseExceptionRef, vm: &VirtualMachine) {
    let mut text = String::new();
    // Writing to a String cannot fail, and a broken traceback is still a traceback.
    let _ = vm.write_exception(&mut text, raised);
    tracing::error!("the interpreter thread failed: {text}");
}

fn import_main(vm: &VirtualMachine) -> PyResult {
    crate::native::import::from_module("everloop.main", "main", vm)
}
