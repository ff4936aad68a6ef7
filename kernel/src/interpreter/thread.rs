//! Start and end of the interpreter thread.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use rustpython_vm::{PyResult, VirtualMachine};

use super::{builder, lookup};

/// Python frames are large on the native stack; only what is used of this becomes memory.
const STACK_SIZE: usize = 512 << 20;

/// The interpreter thread, once it runs.
#[derive(Default)]
pub(super) struct ThreadId {
    pthread: OnceLock<libc::pthread_t>,
}

impl ThreadId {
    /// Sends a signal to the interpreter thread alone, so that what it waits for in a system call ends.
    pub(super) fn signal(&self, signal: libc::c_int) {
        if let Some(&pthread) = self.pthread.get() {
            #[expect(unsafe_code, reason = "signals to one thread are a system call")]
            // SAFETY: the thread lives as long as the process: `main` ends the process after joining it, and a
            // signal to a thread that has ended but is not joined is ESRCH.
            unsafe {
                libc::pthread_kill(pthread, signal)
            };
        }
    }
}

/// Keeps SIGINT away from the calling thread and those it starts, so that it arrives at the interpreter thread.
pub fn leave_interrupts_to_python() {
    mask_sigint(libc::SIG_BLOCK);
}

fn mask_sigint(how: libc::c_int) {
    #[expect(unsafe_code, reason = "signal masks are a system call")]
    // SAFETY: `signals` is initialised by sigemptyset before it is read.
    unsafe {
        let mut signals = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut signals);
        libc::sigaddset(&raw mut signals, libc::SIGINT);
        libc::pthread_sigmask(how, &raw const signals, std::ptr::null_mut());
    }
}

pub(super) fn spawn(lookups: lookup::Seats) -> (Arc<ThreadId>, JoinHandle<()>) {
    let thread = Arc::new(ThreadId::default());
    let join = std::thread::Builder::new()
        .name("python".to_owned())
        .stack_size(STACK_SIZE)
        .spawn({
            let thread = Arc::clone(&thread);
            move || {
                // SAFETY: has no preconditions.
                #[expect(unsafe_code, reason = "the thread's name for signals")]
                let pthread = unsafe { libc::pthread_self() };
                let _ = thread.pthread.set(pthread);
                run(lookups);
            }
        })
        .expect("the process can start a thread");
    (thread, join)
}

fn run(lookups: lookup::Seats) {
    let interpreter = builder::build();
    mask_sigint(libc::SIG_UNBLOCK);
    let result = interpreter.enter(|vm| {
        let result = import_main(vm).and_then(|main| {
            lookups.fill(&interpreter);
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
