//! Start and end of the interpreter thread.

use std::thread::JoinHandle;

use rustpython_vm::{PyResult, VirtualMachine};

use super::{builder, lookup};
use crate::native::forks;
use crate::{diagnosis, kicks};

/// Python frames are large on the native stack; only what is used of this becomes memory.
const STACK_SIZE: usize = 512 << 20;

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
        .stack_size(STACK_SIZE)
        .spawn(move || {
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
        let result = import_main(vm).and_then(|main| {
            lookups.fill(&interpreter);
            diagnosis::fill(interpreter.new_thread());
            main.call((), vm).map(drop)
        });
        result.map_err(|raised| {
            let mut text = String::new();
            // Writing to a String cannot fail, and a broken traceback is still a traceback.
            let _ = vm.write_exception(&mut text, &raised);
            tracing::error!("the interpreter thread failed: {text}");
        })
    });
    if result.is_ok() {
        interpreter.finalize(None);
    }
}

fn import_main(vm: &VirtualMachine) -> PyResult {
    crate::native::import::from_module("everloop.main", "main", vm)
}
