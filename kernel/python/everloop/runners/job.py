"""A cell under another library's scheduler, and the asyncio task that waits for it."""

import asyncio


class Job:
    """What runs there awaits `awaitable` and says with :meth:`end` what came of it; :meth:`result` waits for that."""

    def __init__(self, awaitable):
        self._awaitable = awaitable
        self._ended = asyncio.get_running_loop().create_future()
        self._value = self._error = self._cancelled_at = None

    def cancel(self):
        """Cancel it in the way of its library. It may take its time, and be cancelled again."""
        raise NotImplementedError

    async def await_it(self):
        """The value of the awaitable; what it raises is remembered as the place of the cancellation."""
        try:
            return await self._awaitable
        except BaseException as error:
            self._cancelled_at = error.__traceback__
            raise

    def cancellation(self):
        """What to end it with when it was cancelled: an error that names the place where it waited."""
        return asyncio.CancelledError().with_traceback(self._cancelled_at)

    def end(self, value=None, error=None):
        """It returned `value`, or raised `error`."""
        if not self._ended.done():
            self._value, self._error = value, error
            self._ended.set_result(None)

    async def result(self):
        """Wait for the end. Cancelling this cancels the job, and waits on until it has cleaned up."""
        cancellations = 0
        while not self._ended.done():
            try:
                # Not the future itself, which the cancellation would end.
                await asyncio.wait([self._ended])
            except asyncio.CancelledError:
                cancellations += 1
                self.cancel()
        error, self._error, self._cancelled_at = self._error, None, None
        try:
            if isinstance(error, asyncio.CancelledError):
                raise error
            for _ in range(cancellations):
                asyncio.current_task().uncancel()
            if error is not None:
                raise error
            return self._value
        finally:
            del error
