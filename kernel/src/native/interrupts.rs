//! What SIGINT does to the cell that runs. An `interrupt_request` arrives as a SIGINT to the interpreter thread, so
//! that both are one mechanism, end blocking system calls, and reach the handlers that user code installs.

use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::{PyResult, VirtualMachine};

use super::cell::Progress;
use super::door::Door;
use crate::interpreter::handler_is_on_stack;

/// The generation of the cell that the last interrupt_request meant; 0 if the signal came from elsewhere.
static MEANT_FOR: AtomicU64 = AtomicU64::new(0);

/// Binds the SIGINT that follows to one cell, so that it cannot hit the next.
pub fn bind_to(generation: u64) {
    MEANT_FOR.store(generation, Ordering::Release);
}

/// Runs on the interpreter thread, between two instructions or at a turn of the loop.
///
/// # Errors
/// `KeyboardInterrupt` when the cell's own code is what runs, or a comm handler and no cell: it is raised there.
pub fn handle(vm: &VirtualMachine) -> PyResult<()> {
    let meant_for = MEANT_FOR.swap(0, Ordering::AcqRel);
    let door = Door::of(vm)?;
    let Some(cell) = door.running() else {
        return if meant_for == 0 && handler_is_on_stack() {
            Err(keyboard_interrupt(vm))
        } else {
            Ok(())
        };
    };
    if meant_for != 0 && meant_for != cell.generation() {
        return Ok(());
    }
    match cell.progress() {
        Progress::Waiting => {
            cell.interrupt_later();
            Ok(())
        }
        Progress::Stepping => Err(keyboard_interrupt(vm)),
        // A second interrupt before the cancelled cell could step: something else keeps the loop busy.
        Progress::Suspended => {
            let something_runs =
                vm.asyncio_running_task.borrow().is_some() || handler_is_on_stack();
            if !cell.cancel(vm)? && something_runs {
                return Err(keyboard_interrupt(vm));
            }
            Ok(())
        }
    }
}

fn keyboard_interrupt(vm: &VirtualMachine) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())
}
