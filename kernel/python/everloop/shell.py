"""Cells as asyncio tasks; what is in them is a language's affair.

A *language* knows how to count and to run a cell: :class:`everloop.bare.BareShell` at first, and
:class:`everloop.ipython.language.IPython` from the moment that IPython is loaded.

Cells come one after the other, all in one persistent context, so that what one sets the next one sees. A concurrent cell
runs beside others, in a copy of that context: it has a parent of its own, and what else it set is seen when it has ended.
"""

import _asyncio
import contextvars
import sys

import _everloop
from everloop.bare import BareShell
from everloop.compat import debuggers
from everloop.parent import parent
from everloop.remarks import remarks
from everloop.run import Run
from everloop.streams import say
from everloop.tasks import Tasks


class Shell:
    """Runs the cells that the native half hands over to `loop`. `cell` is always an ``_everloop.Cell``."""

    def __init__(self, loop):
        self.loop = loop
        #: The cells that run now, in the order in which they began: cell to :class:`everloop.run.Run`.
        self.runs = {}
        #: Whether an interrupted cell takes the tasks that it started with it.
        self.autocancel = False
        self.tasks = Tasks(self)
        self.language = BareShell(self)
        #: Brings IPython, once there is an environment to bring it from: :class:`everloop.ipython.loading.Loading`.
        self.loading = None
        #: What the next cell that is not silent says first.
        self._remarks = list(remarks())
        self._context = contextvars.copy_context()

    @property
    def user_ns(self):
        """The dict that cells run in."""
        return self.language.user_ns

    @property
    def run(self):
        """The run of the cell that the calling code belongs to; a new one for nobody when that runs no more."""
        return self.runs.get(_everloop.current_cell()) or Run()

    @property
    def asking_run(self):
        """As :attr:`run`; what a task of an ended cell asks of the front end goes into the reply of the latest cell."""
        return self.runs.get(_everloop.current_cell()) or next(reversed(self.runs.values()), None) or Run()

    def start(self, cell):
        """Begin to run `cell`; its reply is given through it when it has ended."""
        run = Run(cell)
        context = self._context.copy() if cell.concurrent else self._context
        name = f"cell {self.language.execution_count + 1}"
        run.task = _asyncio.Task(self._execute(run), loop=self.loop, context=context, name=name)
        # Nobody waits for one that did not get here.
        self.runs[cell] = run
        run.task.add_done_callback(cell.abandon)
        cell.begin(run.task)

    def leave(self, keep_kernel):
        """The user wants to leave; with `keep_kernel` only the front end ends."""
        run = self.asking_run
        run.payload.append({"source": "ask_exit", "keepkernel": keep_kernel})
        run.exit = keep_kernel

    async def best_language(self):
        """The language that knows more than plain Python: IPython, loaded now, or the bare shell where it is missing."""
        if self.loading is not None:
            # An interrupt does not end it: whoever asks has something to show yet, by the bare shell if IPython cannot.
            try:
                await self.loading.finish()
            except Exception:
                return self.language
            except BaseException as error:
                from asyncio import CancelledError

                if not isinstance(error, CancelledError):
                    raise
        return self.language

    async def _execute(self, run):
        cell = run.cell
        parent.set(cell)
        before = contextvars.copy_context() if cell.concurrent else None
        try:
            await self._execute_in_turn(run)
        finally:
            del self.runs[cell]
            if not self.runs:
                # A dict keeps the places of keys that come and go (docs/upstream.md).
                self.runs.clear()
            run.begun.set()
        if before is not None:
            self._adopt(before, contextvars.copy_context())
        if self.loading is not None:
            self.loading.cell_ended()

    async def _execute_in_turn(self, run):
        cell = run.cell
        if len(self.runs) > 1:
            await self._others_have_begun(run)
        language = self.language
        if self.loading is not None and self.loading.is_needed_by(cell):
            language = await self.best_language()
        run.number = cell.number = language.count(cell)
        run.task.set_name(f"cell {run.number}")
        if not cell.silent:
            _everloop.publish("execute_input", {"code": cell.code, "execution_count": run.number})
            if self._remarks:
                self._say_remarks()
        self.loop.failures.cell_started(cell)
        reply = await (self._run_on_thread(run) if cell.directive == "thread" else language.run(run))
        if self.autocancel and reply.get("ename") == "KeyboardInterrupt":
            self.tasks.cancel_children(run)
        if sys.gettrace() is not None:
            debuggers.cell_ended()
        self.loop.failures.cell_ended(cell)
        _everloop.flush_streams()
        numbered = {"execution_count": run.number, "payload": run.payload}
        try:
            cell.finish({**reply, **numbered}, run.exit)
        except Exception as raised:
            # The user's own representation of a value, say, has no JSON.
            cell.finish({**language.failed(raised, run), **numbered}, run.exit)

    def _say_remarks(self):
        while self._remarks:
            say(self._remarks.pop(0))

    async def _run_on_thread(self, run):
        async with run.on_thread():
            return await self.language.run(run)

    async def _others_have_begun(self, run):
        # A cell is counted when its runner starts it, which other libraries' runners do later.
        for other in list(self.runs.values()):
            if other is run:
                return
            await other.begun.wait()

    def _adopt(self, before, after):
        """Let the cells that begin from now on see what a concurrent cell has set."""
        for variable, value in after.items():
            if variable is not parent and before.get(variable, _NOT_SET) is not value:
                # Not `Context.run`, which refuses a context that an outer frame is in.
                self.loop.call_soon(variable.set, value, context=self._context)


_NOT_SET = object()
