//! A child that `os.fork` has made of the kernel: it has the interpreter and none of the kernel's other threads, so it
//! runs on to where the code returns to the loop, and ends there.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use everloop_protocol::content::stream::StreamName;
use rustpython_vm::{AsObject, Py, PyResult, VirtualMachine, protocol::PyIterReturn};

use super::door::{Door, Main};
use crate::event_loop::LoopCore;

static IS_CHILD: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    IS_CHILD.store(true, Ordering::Relaxed);
}

/// Lets children know what they are.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        #[expect(unsafe_code, reason = "the C library calls it in the child")]
        // SAFETY: `in_child` is one atomic store.
        unsafe {
            libc::pthread_atfork(None, None, Some(in_child))
        };
    });
}

/// Whether this process is such a child.
pub(crate) fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// In a child, ends the process with what the code of its cell returned or raised, as a script of that code ends.
pub(super) fn end_child(result: &PyResult<PyIterReturn>, vm: &VirtualMachine) {
    if !is_child() {
        return;
    }
    let status = match result {
        Ok(PyIterReturn::StopIteration(_)) => 0,
        Ok(PyIterReturn::Return(_)) => {
            say(
                "RuntimeError: a child of the kernel cannot await on its loop: use asyncio.run(...)\n",
            );
            1
        }
        Err(raised) if raised.fast_isinstance(vm.ctx.exceptions.system_exit) => {
            let code = raised.as_object().get_attr("code", vm);
            code.map_or(1, |code| {
                if vm.is_none(&code) {
                    0
                } else {
                    code.try_to_value(vm).unwrap_or(1)
                }
            })
        }
        Err(raised) => {
            let mut text = String::new();
            // Writing to a String cannot fail, and a broken traceback is still a traceback.
            let _ = vm.write_exception(&mut text, raised);
            say(&text);
            1
        }
    };
    end(status);
}

/// In a child, ends the process if this is the kernel's loop, and not a run of it inside of the child's own code: what
/// would run next is the parent's.
pub(crate) fn end_child_of_loop(event_loop: &Py<LoopCore>) {
    let is_of_kernel = |main: &Main| main.event_loop.is(event_loop) && event_loop.depth() == 1;
    if is_child()
        && Door::existing()
            .and_then(Door::main)
            .is_some_and(is_of_kernel)
    {
        end(0);
    }
}

fn end(status: i32) -> ! {
    crate::fatal::exit(status)
}

fn say(text: &str) {
    write(StreamName::Stderr, text);
}

/// Writes text of a child to its descriptor, from which the parent publishes it.
pub(super) fn write(name: StreamName, text: &str) {
    // Nobody is left to tell when it is closed. What the standard library buffers is the parent's.
    let _ = match name {
        StreamName::Stdout => std::io::stdout().as_fd().try_clone_to_owned(),
        StreamName::Stderr => std::io::stderr().as_fd().try_clone_to_owned(),
    }
    .and_then(|descriptor| File::from(descriptor).write_all(text.as_bytes()));
}
