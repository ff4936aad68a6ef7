"""Cells as asyncio tasks, one after the other in one persistent context; what is in them is a language's affair.

A *language* knows how to count and to run a cell: :class:`everloop.bare.BareShell` at first, and
:class:`everloop.ipython.language.IPython` from the moment that IPython is loaded.
"""

import asyncio
import contextlib
import contextvars

import _everloop
from everloop.bare import BareShell
from everloop.compat import debuggers
from everloop.parent import parent


class Shell:
    """Runs the cells that the native half hands over to `loop`.

    Its words: `cell` is an ``_everloop.Cell``, which is an ``execute_request`` and the place for its reply; `payload`
    is the list that goes into its reply.
    """

    def __init__(self, loop):
        self.loop = loop
        self.payload = []
        self._exit = None
        #: The cell that runs now, or None.
        self.running = None
        self.language = BareShell(self)
        #: Brings IPython, once there is an environment to bring it from: :class:`everloop.ipython.loading.Loading`.
        self.loading = None
        # Cells run in this context and not in copies, so that what one sets the next one sees.
        self._context = contextvars.copy_context()

    @property
    def user_ns(self):
        """The dict that cells run in."""
        return self.language.user_ns

    def start(self, cell):
        """Begin to run `cell`; its reply is given through it when it has ended."""
        name = f"cell {self.language.execution_count + 1}"
        task = asyncio.Task(self._execute(cell), loop=self.loop, context=self._context, name=name)
        task.add_done_callback(cell.abandon)
        cell.begin(task)

    def leave(self, keep_kernel):
        """The user wants to leave; with `keep_kernel` only the front end ends."""
        self.payload.append({"source": "ask_exit", "keepkernel": keep_kernel})
        self._exit = keep_kernel

    async def best_language(self):
        """The language that knows more than plain Python: IPython, loaded now, or the bare shell where it is missing."""
        if self.loading is not None:
            # An interrupt does not end it: whoever asks has something to show yet.
            with contextlib.suppress(asyncio.CancelledError):
                await self.loading.finish()
        return self.language

    async def _execute(self, cell):
        parent.set(cell)
        self.payload, self._exit = [], None
        self.running = cell
        if self.loading is not None and self.loading.is_needed_by(cell):
            await self.loading.finish()
        language = self.language
        number = language.count(cell)
        if not cell.silent:
            _everloop.publish("execute_input", {"code": cell.code, "execution_count": number})
        self.loop.failures.cell_started(cell)
        reply = await language.run(cell, number)
        debuggers.cell_ended()
        self.loop.failures.cell_ended(cell)
        _everloop.flush_streams()
        numbered = {"execution_count": number, "payload": self.payload}
        try:
            cell.finish({**reply, **numbered}, self._exit)
        except Exception as raised:
            # The user's own representation of a value, say, has no JSON.
            cell.finish({**language.failed(raised), **numbered}, self._exit)
        self.running = None
        if self.loading is not None:
            self.loading.cell_ended()
