//! What SIGINT does to the cells that run. An `interrupt_request` kicks the interpreter thread (see `kicks`), which then
//! calls the handler of SIGINT: so both end blocking system calls, and reach the handlers that user code installs.
//!
//! An interrupt means the cell that began last; another one within a second means all cells that run. The cells are
//! chosen when the interrupt arrives, and it is bound to them: whatever begins later is not hit.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::{PyRef, PyResult, VirtualMachine, builtins::PyBaseExceptionRef};

use super::cell::{Cell, Progress};
use super::door::Door;
use super::output;
use super::stack::is_in_importlib;
use crate::interpreter::handler_is_on_stack;
use crate::kicks;

/// Within this time a second interrupt is a more urgent one.
const AGAIN: Duration = Duration::from_secs(1);
/// Who has kept the loop from an interrupted cell for longer than this is interrupted in its place.
const PATIENCE: Duration = Duration::from_millis(100);

/// After this time an interrupt has nothing to do with one before.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// The interrupts on their way.
struct Asked {
    /// The generations of the cells that are meant and have not been told.
    meant: Vec<u64>,
    /// Whether what keeps the loop is meant: a comm handler, or a task that lets no cell begin.
    means_holder: bool,
    /// When an interrupt came while a cell could not begin.
    held_up: Option<Instant>,
    /// When the last one came, and the cell that had begun last by then.
    last: Option<(Instant, Option<u64>)>,
}

static ASKED: Mutex<Asked> = Mutex::new(Asked {
    meant: Vec::new(),
    means_holder: false,
    held_up: None,
    last: None,
});

fn asked() -> MutexGuard<'static, Asked> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody is meant who has not been told.
pub(crate) fn are_asked() -> bool {
    let asked = asked();
    !asked.meant.is_empty() || asked.means_holder
}

/// Which of the running cells an interrupt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None runs.
    Nothing,
    /// The one that began last, beside others.
    Last,
    All,
}

/// Binds the kick that follows to the cells that it means.
pub fn ask(door: &Door) -> Wanted {
    let running = door.running();
    let latest = door.latest().map(|cell| cell.generation());
    let mut asked = asked();
    let is_urgent = asked.is_followed_by(latest);
    let (wanted, meant) = match running.as_slice() {
        [] => return asked.mean_holder(door.lanes.are_in_use()),
        [.., last] if running.len() > 1 && !is_urgent => (Wanted::Last, std::slice::from_ref(last)),
        all => (Wanted::All, all),
    };
    asked.last = Some((Instant::now(), latest));
    asked.held_up = None;
    asked.mean(meant);
    wanted
}

/// Binds the kick that follows to all cells that run.
pub fn ask_all(door: &Door) {
    let running = door.running();
    asked().mean(&running);
}

/// Binds the kick that follows to the cell whose code runs; false if there is none.
pub(super) fn ask_again(door: &Door) -> bool {
    let innermost = door.innermost();
    asked().mean(innermost.as_slice());
    innermost.is_some()
}

impl Asked {
    /// Whether an interrupt that comes now comes soon after the last one, with no cell begun in between; `latest` is the
    /// cell that began last.
    fn is_followed_by(&self, latest: Option<u64>) -> bool {
        self.last
            .is_some_and(|(when, before)| when.elapsed() < AGAIN && latest == before)
    }

    /// No cell has begun: a comm handler is meant if one is on the stack. If `a_cell_waits` to begin, a task may be what
    /// keeps it from that; when an interrupt comes again after a moment, that is certain.
    fn mean_holder(&mut self, a_cell_waits: bool) -> Wanted {
        let since = *self.held_up.get_or_insert_with(Instant::now);
        if since.elapsed() > GIVEN_UP {
            self.held_up = Some(Instant::now());
        }
        let is_certain = a_cell_waits && (PATIENCE..GIVEN_UP).contains(&since.elapsed());
        self.means_holder = is_certain || handler_is_on_stack();
        if self.means_holder {
            Wanted::All
        } else {
            Wanted::Nothing
        }
    }

    fn mean(&mut self, cells: &[PyRef<Cell>]) {
        for generation in cells.iter().map(|cell| cell.generation()) {
            if !self.meant.contains(&generation) {
                self.meant.push(generation);
            }
        }
    }
}

/// Runs on the interpreter thread, between two instructions or at a turn of the loop.
///
/// # Errors
/// `KeyboardInterrupt` when the code of a cell that is meant is what runs, or a comm handler or task that is: it is raised there.
pub fn handle(vm: &VirtualMachine) -> PyResult<()> {
    if is_in_importlib() {
        // The next instruction gets it.
        kicks::raise(libc::SIGINT);
        return Ok(());
    }
    let door = Door::of(vm)?;
    let (meant, means_holder) = take_meant(door);
    let mut raises = means_holder && holds_loop_up(door, vm);
    for cell in door.running() {
        if meant.contains(&cell.generation()) {
            raises |= tell(&cell, door, vm)?;
        }
    }
    if raises {
        return Err(keyboard_interrupt(vm));
    }
    Ok(())
}

/// Interrupts this cell.
///
/// # Errors
/// `KeyboardInterrupt` when its code is what runs.
pub(super) fn interrupt(cell: &PyRef<Cell>, vm: &VirtualMachine) -> PyResult<()> {
    if tell(cell, Door::of(vm)?, vm)? {
        return Err(keyboard_interrupt(vm));
    }
    Ok(())
}

/// Those that an `interrupt_request` means; without one the signal comes from elsewhere, and means the same.
fn take_meant(door: &Door) -> (Vec<u64>, bool) {
    if !are_asked() {
        ask(door);
    }
    let mut asked = asked();
    let meant = std::mem::take(&mut asked.meant);
    (meant, std::mem::take(&mut asked.means_holder))
}

/// Interrupts the cell; true if that is to be raised in the code that runs.
fn tell(cell: &PyRef<Cell>, door: &Door, vm: &VirtualMachine) -> PyResult<bool> {
    if cell.interrupt_thread() {
        return Ok(false);
    }
    door.stdin.interrupt(cell.parent().msg_id());
    match cell.progress() {
        Progress::Waiting => {
            cell.interrupt_later();
            Ok(false)
        }
        Progress::Stepping => tell_stepping(cell, door, vm),
        Progress::Suspended => match cell.cancel(vm)? {
            None => Ok(false),
            Some(waits) => Ok(waits > PATIENCE && holds_loop_up(door, vm)),
        },
    }
}

/// Interrupts a cell that is on the stack: where its own code runs, or else when what runs inside of it is through.
fn tell_stepping(cell: &PyRef<Cell>, door: &Door, vm: &VirtualMachine) -> PyResult<bool> {
    let is_it = |other: PyRef<Cell>| other.generation() == cell.generation();
    if !door.innermost().is_some_and(is_it) {
        cell.interrupt_later();
        return Ok(false);
    }
    if output::is_of_no_other(cell, vm)? {
        return Ok(true);
    }
    // The code of a background task, a comm handler or another cell, in a turn of the loop that the cell takes.
    if let Some(waits) = cell.interrupt_later() {
        return Ok(waits > PATIENCE && holds_loop_up(door, vm));
    }
    tell_in_next_turn(cell.clone(), door);
    Ok(false)
}

/// Whether what runs is a comm handler, or a task that is not that of a running cell, where the code may be the shell's.
fn holds_loop_up(door: &Door, vm: &VirtualMachine) -> bool {
    if handler_is_on_stack() {
        return true;
    }
    let task = vm.asyncio_running_task.borrow().clone();
    task.is_some_and(|task| !door.running().iter().any(|cell| cell.is_run_by(&task)))
}

/// Whether the code that runs is that of a cell, or of a comm handler or task.
pub(super) fn runs_user_code(vm: &VirtualMachine) -> PyResult<bool> {
    let door = Door::of(vm)?;
    Ok(door.innermost().is_some() || holds_loop_up(door, vm))
}

/// Between two turns nobody else's code runs. What is raised there ends the innermost run of the loop, which is the
/// cell's.
fn tell_in_next_turn(cell: PyRef<Cell>, door: &Door) {
    door.submit(Box::new(move |vm| {
        let door = Door::of(vm)?;
        let is_running = door
            .running()
            .iter()
            .any(|other| other.generation() == cell.generation());
        if cell.take_interrupt() && is_running && tell(&cell, door, vm)? {
            return Err(keyboard_interrupt(vm));
        }
        Ok(())
    }));
}

/// The code of `cell` goes on, inside of which another one made a step; an interrupt may have come meanwhile.
pub(super) fn go_on(cell: PyRef<Cell>, door: &Door) {
    if cell.has_interrupt() {
        tell_in_next_turn(cell, door);
    }
}

fn keyboard_interrupt(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())
}
