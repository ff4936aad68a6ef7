"""A cell while it runs."""

import _asyncio
import contextlib
import sys

import _everloop
from everloop.event import Event


class CannotAwait(RuntimeError):
    """A cell on a thread of its own has a top-level ``await``."""

    def __init__(self):
        super().__init__(
            "a cell on a thread of its own cannot await: use asyncio.run(...) there, or leave out %%thread"
        )


class Run:
    """One cell on its way, and what is said and asked meanwhile that belongs to it alone.

    `cell` is an ``_everloop.Cell``, which is an ``execute_request`` and the place for its reply; None for what belongs to
    no cell that runs.
    """

    def __init__(self, cell=None):
        self.cell = cell
        #: The asyncio task that runs it.
        self.task = None
        #: What its messages carry as ``execution_count``.
        self.number = None
        #: Set when it is counted and the next one can be.
        self.begun = Event()
        #: The list that goes into its reply.
        self.payload = []
        #: None, or whether the kernel goes on when the front end leaves.
        self.exit = None
        #: The thread of its own that its code runs on, a :class:`everloop.threads.CellThread`, or None.
        self.thread = None
        #: The error that it ended with, as it was shown: an ``error`` message's content.
        self.shown_error = None
        #: The ``id()`` of the exception that IPython was asked to explain last, and of the one that was shown so.
        self.explained = self.shown = None
        #: How many frames of that error's traceback are not shown.
        self.left_out = 0
        #: Whether its value could not be formatted, which fails the cell.
        self.display_failed = False
        #: Whether its value is being shown.
        self.is_displaying = False
        #: IPython's ``ExecutionResult``, for the value.
        self.exec_result = None

    @contextlib.asynccontextmanager
    async def on_thread(self):
        """Inside, the code of the cell runs on a thread of its own."""
        from everloop.threads import CellThread

        if self.thread is not None:
            yield
            return
        self.thread = CellThread()
        self.cell.set_thread(self.thread.interrupts)
        try:
            yield
        finally:
            self.cell.set_thread(None)
            self.thread.close()
            self.thread = None

    @property
    def code(self):
        """What of the cell is code, without the first line where that says how to run it."""
        below = _everloop.below_directive(self.cell.code)
        return self.cell.code if below is None else below

    @property
    def lines_above(self):
        """How many lines of the cell are above its :attr:`code`; empty ones too, which the transformer leaves out."""
        whole, code = self.cell.code, self.code
        if code == whole:
            return 0
        return whole.count("\n", 0, len(whole) - len(code.lstrip()))


def is_given_up(error):
    """Whether `error` closes the coroutine of a cell that nobody steps any more, which asks.

    It is freed while the code of another cell runs, say, and is nothing to be shown there. A cell may raise the same
    itself.
    """
    if not isinstance(error, GeneratorExit):
        return False
    frame = sys._getframe()
    while frame is not None:
        run = frame.f_locals.get("run")
        if isinstance(run, Run) and run.task is not None:
            return run.task is not _asyncio.current_task(run.task.get_loop())
        frame = frame.f_back
    return False
