//! Actions of signals.

/// Whether the process does not mind this signal.
pub(crate) fn is_ignored(signal: libc::c_int) -> bool {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: `action` is filled by the call, or stays the default.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        libc::sigaction(signal, std::ptr::null(), &raw mut action);
        action.sa_sigaction == libc::SIG_IGN
    }
}

/// Lets the process not mind this signal.
pub(crate) fn ignore(signal: libc::c_int) {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: to ignore a signal needs no more than its name.
    unsafe {
        libc::signal(signal, libc::SIG_IGN)
    };
}

/// Lets `handler` handle this signal, on the alternate stack of the thread that it arrives at.
pub(crate) fn handle(signal: libc::c_int, handler: Handler, flags: libc::c_int) {
    #[expect(unsafe_code, reason = "signal actions are a system call")]
    // SAFETY: the action is initialised; that its handler does what is safe in one is for the caller to see to.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        action.sa_sigaction = handler as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}

/// What a handler is given: the signal, what is known of it, and the registers of the code that it interrupts.
pub(crate) type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_ignored_says_so() {
        assert!(!is_ignored(libc::SIGXFSZ));
        ignore(libc::SIGXFSZ);
        assert!(is_ignored(libc::SIGXFSZ));
    }
}
