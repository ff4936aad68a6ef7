"""A thread for the synchronous code of one cell, while the loop goes on."""

import asyncio
import contextvars
import threading

import _everloop
from everloop.compat import interruptible

# As that of the interpreter thread: of the address space; only what is used of it becomes memory.
_STACK_SIZE = 512 << 20


class CellThread:
    """A thread on which functions are called one after the other, from the loop.

    They run in a copy of the context in which this was made, so what they print belongs to the cell that made it, and a
    ContextVar that one sets is still set for the next. Made on the interpreter thread, and closed by who made it.
    """

    def __init__(self, name="cell"):
        self._context = contextvars.copy_context()
        self.interrupts = _everloop.ThreadInterrupts()
        self._calls = _everloop.WorkQueue()
        self._turn = asyncio.Lock()
        self._thread = threading.Thread(
            target=_work, args=(self.interrupts, self._calls), name=name, daemon=True, context=contextvars.Context()
        )
        _start(self._thread)
        try:
            self.interrupts.admit()
        except BaseException:
            self.close()
            raise

    async def call(self, function, /, *args):
        """Return what ``function(*args)`` returns on the thread, or raise what it raises.

        When the task that awaits this is cancelled, the function is interrupted, and waited for.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            self.interrupts.expect()
            self._calls.put(_everloop.ThreadCall(loop, future, self._outcome_of, function, args))
            value, error = await self._wait(future)
        if error is None:
            return value
        try:
            raise error
        finally:
            del error

    def interrupt(self):
        """Raise KeyboardInterrupt in the function that is called now; without one nothing happens. From any thread."""
        self.interrupts.interrupt()

    def close(self):
        """Let the thread end when the function that it runs returns."""
        self._calls.put(None)

    async def _wait(self, future):
        cancellation = None
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                cancellation = error
                self.interrupt()
        if cancellation is not None:
            # It names the place where the function was interrupted.
            _, error = future.result()
            raise cancellation.with_traceback(error and error.__traceback__)
        return future.result()

    def _outcome_of(self, function, args):
        """On the thread. Around the call an interrupt does nothing, so it cannot be lost in what this does."""
        try:
            return self.interrupts.call(self._context.run, function, *args), None
        except BaseException as error:
            # From the frame of the function on, as if it had been called directly.
            return None, error.with_traceback(error.__traceback__.tb_next)


def _start(thread):
    before = threading.stack_size(_STACK_SIZE)
    try:
        thread.start()
    finally:
        threading.stack_size(before)


def _work(interrupts, calls):
    interrupts.attach()
    with interruptible.on_this_thread():
        calls.work(None, lambda: True)
