"""Failures of background tasks: shown at once, under the cell that started the task.

asyncio speaks of them when a task is collected as garbage, which in a notebook, where the task sits in a variable, is
never. Here a task that fails and that nobody awaits is shown as soon as it is done; while the cell that started it
still runs, that cell may yet await it, so it is shown when the cell has ended.
"""

from everloop.parent import parent
from everloop.streams import say


class BackgroundFailures:
    """Watches the tasks of a loop. `loop` is the loop."""

    def __init__(self, loop):
        self._loop = loop
        self._running = set()
        self._waiting = []

    def cell_started(self, cell):
        """Hold back the failures of this cell's tasks."""
        self._running.add(cell)

    def cell_ended(self, cell):
        """Show what was held back for this cell and is not retrieved yet."""
        self._running.discard(cell)
        if not self._running:
            # As in `Shell.runs`.
            self._running.clear()
        waiting, self._waiting = self._waiting, []
        for owner, task in waiting:
            if owner is cell:
                self._show(task)
            else:
                self._waiting.append((owner, task))

    def task_failed(self, task):
        """The loop says that `task` ended with an exception. Called in the task's context."""
        if parent.get() is not None:
            # Whoever awaits the task is woken in this turn, and retrieves its exception.
            self._loop.call_soon(self._check, task)

    def _check(self, task):
        cell = parent.get()
        if cell in self._running:
            self._waiting.append((cell, task))
        else:
            self._show(task)

    def _show(self, task):
        if not task._log_traceback:
            return
        error = task.exception()  # retrieves it: asyncio has nothing left to say
        from everloop import tracebacks

        say(f"Task exception was never retrieved\nfuture: {task!r}\n")
        tracebacks.show(error)
