"""A cell under trio: a trio task with a cancel scope of its own, and the asyncio task that waits for it."""

import asyncio

import trio


class Job:
    """Awaits `awaitable` in the trio task that runs :meth:`main`; :meth:`result` is what came of it."""

    def __init__(self, awaitable):
        self._awaitable = awaitable
        self._scope = trio.CancelScope()
        self._ended = asyncio.get_running_loop().create_future()
        self._value = self._error = self._cancelled_at = None

    # A system task is protected from interrupts, and a cell is not.
    @trio.lowlevel.disable_ki_protection
    async def main(self):
        """The trio task. It raises nothing, since a system task must not."""
        try:
            with self._scope:
                self._value = await self._await()
            if self._scope.cancelled_caught:
                self._error = asyncio.CancelledError().with_traceback(self._cancelled_at)
        except BaseException as error:
            self._error = error
        self._finish()

    async def _await(self):
        try:
            return await self._awaitable
        except BaseException as error:
            self._cancelled_at = error.__traceback__
            raise

    def fail(self, error):
        """trio itself has ended, and the task with it."""
        self._error = error
        self._finish()

    def _finish(self):
        if not self._ended.done():
            self._ended.set_result(None)

    async def result(self):
        """Wait for the end. Cancelling this cancels the scope, and waits on until the task has cleaned up."""
        cancellations = 0
        while not self._ended.done():
            try:
                # Not the future itself, which the cancellation would end.
                await asyncio.wait([self._ended])
            except asyncio.CancelledError:
                cancellations += 1
                self._scope.cancel()
        error, self._error = self._error, None
        if isinstance(error, asyncio.CancelledError):
            raise error
        for _ in range(cancellations):
            asyncio.current_task().uncancel()
        if error is None:
            return self._value
        try:
            raise error
        finally:
            del error
