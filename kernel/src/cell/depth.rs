//! Stack for deeply nested code. ruff's parser grows its own stack, but visiting and dropping the tree that it
//! returns recurse once for each level, and `------...1` has as many levels as characters: on the 2 MB stack of a
//! worker thread a cell could end the kernel.

use std::thread;

/// Code this short cannot nest deeply enough to fill a worker's stack.
const SHORT: usize = 1024;
/// Generous for one level of nesting, which takes at least one byte of code. Only what is used is ever committed.
const STACK_PER_BYTE: usize = 1024;
const MOST_STACK: usize = 8 << 30;

/// Runs `answer`, which parses `code`, on a stack with room enough. `None` when there is no memory for one.
pub(super) fn with_room<T: Send>(code: &str, answer: impl FnOnce() -> T + Send) -> Option<T> {
    if code.len() <= SHORT {
        return Some(answer());
    }
    let stack = code.len().saturating_mul(STACK_PER_BYTE).min(MOST_STACK);
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("cell-parser".into())
            .stack_size(stack)
            .spawn_scoped(scope, answer);
        worker.ok()?.join().ok()
    })
}
