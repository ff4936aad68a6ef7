"""``%concurrent``, ``%thread``, ``%tasks``, ``%cancel`` and ``%autocancel``.

The first line of a cell that is ``%%concurrent`` or ``%%thread`` is read by the kernel, before IPython sees the cell; the
cell magics here are for where such a cell is part of another one.
"""

import contextlib

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, line_magic, magics_class

from everloop.magics.rest import Rest, awaiting


@magics_class
class TaskMagics(Magics):
    """What runs beside each other."""

    @line_cell_magic
    @awaiting
    def concurrent(self, line="", cell=None):
        """Let cells run beside each other.

        `%concurrent on` lets each cell begin while earlier ones still await, `%concurrent off` lets cells wait for each
        other again, `%concurrent` says which it is. A cell whose first line is `%%concurrent` runs beside the others
        in either case: it does not wait for their end, and they do not wait for its.

        Cells begin in the order in which they were sent. Each has its own output, number and reply. An interrupt ends
        the one that began last; a second one within a second ends all.
        """
        if cell is None:
            with _usage_errors():
                self.shell.session.tasks.concurrent(line)
            return None
        _refuse_arguments("%%concurrent", line)
        return Rest(self._run(cell))

    @cell_magic
    @awaiting
    def thread(self, line, cell):
        """Run a synchronous cell on a thread of its own, beside the other cells.

        The loop and later cells go on meanwhile: there is no global interpreter lock. What the cell prints and displays
        is its own, an interrupt ends it.
        """
        _refuse_arguments("%%thread", line)
        return Rest(self._on_thread(cell))

    async def _on_thread(self, cell):
        async with self.shell.current_run.on_thread():
            await self._run(cell)

    async def _run(self, cell):
        await self.shell.run_nested_cell(cell)

    @line_magic
    def tasks(self, line):
        """Show what runs on the loop: cells, handlers of comm messages, and tasks with the cell that started them."""
        with _usage_errors():
            self.shell.session.tasks.tasks(line)

    @line_magic
    def cancel(self, line):
        """Cancel tasks by the numbers that `%tasks` shows: `%cancel 3 4`. A cell ends as if it was interrupted."""
        with _usage_errors():
            self.shell.session.tasks.cancel(line)

    @line_magic
    def autocancel(self, line):
        """Let an interrupted cell take the tasks that it started with it.

        `%autocancel on` does, `%autocancel off` lets them go on, which is the default; `%autocancel` says which it is.
        """
        with _usage_errors():
            self.shell.session.tasks.autocancel(line)


@contextlib.contextmanager
def _usage_errors():
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from None


def _refuse_arguments(name, line):
    if line.strip():
        raise UsageError(f"{name} takes no arguments, not {line.strip()!r}")
