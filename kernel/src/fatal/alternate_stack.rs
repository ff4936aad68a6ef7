//! The stack that handlers of signals run on, since the thread's own may be what is used up.
//!
//! The standard library gives each thread one of the size that the processor's registers need, which leaves no room for
//! a handler where they are many.

use std::cell::RefCell;

/// What a handler may use, beside the registers.
const ROOM: usize = 64 * 1024;

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<AlternateStack>> = const { RefCell::new(None) };
}

/// Gives the calling thread an alternate stack with room for handlers, until it ends.
pub(crate) fn give_alternate_stack() {
    OF_THIS_THREAD.replace(Some(AlternateStack::new()));
}

/// The calling thread's alternate stack while this lives.
struct AlternateStack {
    /// Where handlers write, by its address; untouched memory costs nothing.
    _memory: Vec<u8>,
    before: libc::stack_t,
}

impl AlternateStack {
    fn new() -> Self {
        let size = ROOM + registers();
        let mut memory = Vec::<u8>::with_capacity(size);
        let stack = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: size,
        };
        let before = replace(&stack);
        Self {
            _memory: memory,
            before,
        }
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        replace(&self.before);
    }
}

/// Returns what it replaces.
fn replace(stack: &libc::stack_t) -> libc::stack_t {
    #[expect(unsafe_code, reason = "the alternate stack is a system call")]
    // SAFETY: `stack` is memory that outlives its being the alternate stack, and `before` is filled by the call.
    unsafe {
        let mut before = std::mem::zeroed::<libc::stack_t>();
        libc::sigaltstack(&raw const *stack, &raw mut before);
        before
    }
}

/// The room that the operating system needs for the registers of the interrupted code.
#[cfg(target_os = "linux")]
fn registers() -> usize {
    #[expect(unsafe_code, reason = "the standard library does not tell")]
    // SAFETY: has no preconditions.
    let size = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) };
    usize::try_from(size).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn registers() -> usize {
    libc::MINSIGSTKSZ
}
