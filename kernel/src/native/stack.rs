//! The Python stack of the calling thread as text, also in a handler of signals: nothing here allocates or locks.

use std::fmt::{self, Write};

use ruff_source_file::OneIndexed;
use rustpython_vm::frame::InterpreterFrame;
use rustpython_vm::vm::thread::get_current_frame;

/// How many frames are written.
const MOST_FRAMES: usize = 100;

/// Writes the frames of the calling thread, the innermost first.
pub(crate) fn write_stack(out: &mut impl Write) -> fmt::Result {
    write_frames(|_| true, out)
}

/// As [`write_stack`], without the frames of the kernel itself.
pub(crate) fn write_stack_of_user(out: &mut impl Write) -> fmt::Result {
    write_frames(|path| !is_ours(path), out)
}

/// Whether this is a module of the binary, whose file name is its own, and of the kernel.
fn is_ours(path: &str) -> bool {
    path.strip_prefix("everloop")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether the innermost frame of the calling thread is one of importlib's own, where an interrupt is not to be raised. It may
/// have taken a lock that nobody would give back; and the interpreter drops what is raised in the properties of a module's
/// spec, which it asks for on its way to an AttributeError, and in the callbacks of weak references, of which every import
/// has one. None of these frames stays for long.
pub(crate) fn is_in_importlib() -> bool {
    #[expect(unsafe_code, reason = "the interpreter links frames by pointers")]
    // SAFETY: the frames of a thread live while it does not go on, and the calling thread is here.
    let here = unsafe { get_current_frame().as_ref() };
    here.is_some_and(|here| here.code().source_path().as_str() == "<frozen importlib._bootstrap>")
}

fn write_frames(is_shown: impl Fn(&str) -> bool, out: &mut impl Write) -> fmt::Result {
    let mut frame = get_current_frame();
    for _ in 0..MOST_FRAMES {
        #[expect(unsafe_code, reason = "the interpreter links frames by pointers")]
        // SAFETY: the frames of a thread live while it does not go on, and the calling thread is here.
        let Some(here) = (unsafe { frame.as_ref() }) else {
            return Ok(());
        };
        if is_shown(here.code().source_path().as_str()) {
            write_frame(here, out)?;
        }
        frame = here.previous();
    }
    out.write_str("  …\n")
}

fn write_frame(frame: &InterpreterFrame, out: &mut impl Write) -> fmt::Result {
    let code = frame.code();
    // The number of instructions that have run.
    let last = usize::try_from(frame.get_lasti())
        .ok()
        .and_then(|count| count.checked_sub(1));
    let line = match last.and_then(|index| code.locations.get(index)) {
        Some((location, _)) => location.line.get(),
        None => code.first_line_number.map_or(0, OneIndexed::get),
    };
    let (path, name) = (code.source_path().as_str(), code.obj_name.as_str());
    writeln!(out, "  File \"{path}\", line {line}, in {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_the_kernel_are_told_from_others_by_their_file_names() {
        assert!(is_ours("everloop"));
        assert!(is_ours("everloop.bare"));
        assert!(!is_ours("everloop_extras"));
        assert!(!is_ours("<everloop-cell-1>"));
        assert!(!is_ours("asyncio.base_events"));
    }
}
