//! The handler of the signals that end a process, which are its own doing: faults and `abort`.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FAILED_ALLOCATION, Text, WAYS, Ways, begin_to_end, tell};
use crate::signals;

/// Each with what it means.
const SIGNALS: [(libc::c_int, &str); 7] = [
    (libc::SIGSEGV, "SIGSEGV, an invalid memory reference"),
    (libc::SIGBUS, "SIGBUS, memory that is not there"),
    (libc::SIGILL, "SIGILL, an illegal instruction"),
    (
        libc::SIGFPE,
        "SIGFPE, an arithmetic operation of native code",
    ),
    (libc::SIGABRT, "SIGABRT, native code gave up"),
    (libc::SIGSYS, "SIGSYS, a forbidden system call"),
    (libc::SIGTRAP, "SIGTRAP, a trap of native code"),
];

/// A fault at an address this near to the stack pointer is one of the stack's, which was used up.
const NEAR: usize = 1 << 20;

/// The thread that ends the process.
static ENDING: AtomicU64 = AtomicU64::new(0);

/// Handles these signals.
pub(super) fn install() {
    for (signal, _) in SIGNALS {
        signals::handle(signal, handle, 0);
    }
}

extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    #[expect(unsafe_code, reason = "the thread's name for signals")]
    // SAFETY: has no preconditions.
    let this = unsafe { libc::pthread_self() } as u64;
    if WAYS.get().is_some_and(Ways::are_ours) {
        if begin_to_end() {
            ENDING.store(this, Ordering::Release);
            tell(|out| describe(signal, info, context, out));
        } else if ENDING.load(Ordering::Acquire) != this && is_of_python() {
            // Another thread has met a fault too; the process ends with the first one.
            wait_for_the_end();
        }
    }
    end_by(signal);
}

/// Whether the calling thread runs Python code; the others are needed for the last words.
fn is_of_python() -> bool {
    !rustpython_vm::vm::thread::get_current_frame().is_null()
}

fn wait_for_the_end() {
    let limit = libc::timespec {
        tv_sec: 2,
        tv_nsec: 0,
    };
    #[expect(
        unsafe_code,
        reason = "the standard library's sleep is not meant for handlers of signals"
    )]
    // SAFETY: `limit` is a valid timespec.
    unsafe {
        libc::nanosleep(&raw const limit, std::ptr::null_mut())
    };
}

fn describe(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
    out: &mut Text,
) -> fmt::Result {
    let meaning = SIGNALS.iter().find(|(number, _)| *number == signal);
    out.write_str(meaning.map_or("a signal", |(_, meaning)| meaning))?;
    #[expect(unsafe_code, reason = "the kernel's description of the signal")]
    // SAFETY: a handler with SA_SIGINFO is given one.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    let is_fault = code > 0 && [libc::SIGSEGV, libc::SIGBUS].contains(&signal);
    let failed = FAILED_ALLOCATION.load(Ordering::Relaxed);
    if code <= 0 && signal != libc::SIGABRT {
        out.write_str(" (sent by a process)")
    } else if is_fault && is_stack(address, context) {
        out.write_str(" (the stack of the thread is used up)")
    } else if is_fault {
        write!(out, " (address {address:#x})")
    } else if signal == libc::SIGABRT && failed > 0 {
        write!(out, " (there is no memory for {failed} bytes)")
    } else {
        Ok(())
    }
}

fn is_stack(address: usize, context: *mut libc::c_void) -> bool {
    stack_pointer(context).is_some_and(|pointer| address.abs_diff(pointer) < NEAR)
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    #[expect(unsafe_code, reason = "the registers of the interrupted code")]
    // SAFETY: a handler with SA_SIGINFO is given them.
    let registers = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    usize::try_from(registers[usize::try_from(libc::REG_RSP).ok()?]).ok()
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    #[expect(unsafe_code, reason = "the registers of the interrupted code")]
    // SAFETY: a handler with SA_SIGINFO is given them.
    let pointer = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.sp };
    usize::try_from(pointer).ok()
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
fn stack_pointer(_context: *mut libc::c_void) -> Option<usize> {
    None
}

/// Lets the signal do what it does without a handler, as soon as this one returns.
fn end_by(signal: libc::c_int) {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: the default action needs no more than its name.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
