"""What an interrupt does to a command that a cell waits for: it ends the command, and the cell goes on."""

import asyncio

import _everloop
from everloop.magics.rest import INTERRUPTED
from everloop.parent import parent


async def until_ended(command):
    """Wait for the future ``command.ended``; returns whether an interrupt ended it, by ``command.interrupt()``.

    Whoever cancels the task otherwise kills the command.
    """
    try:
        await asyncio.shield(command.ended)
    except asyncio.CancelledError as cancellation:
        if not is_interrupt(cancellation):
            command.kill()
            raise
        asyncio.current_task().uncancel()
        await command.interrupt()
        return True
    return False


def is_interrupt(cancellation):
    """Whether a CancelledError stands for an interrupt of the cell; else somebody cancelled the task."""
    if cancellation.args == (INTERRUPTED,):
        return True
    cell = parent.get()
    return isinstance(cell, _everloop.Cell) and cell.interrupt_of(cancellation) is not cancellation
