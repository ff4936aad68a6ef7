"""``%autoawait NAME`` with a function of the user: called with the coroutine, it has to run it to its end."""

import asyncio
import inspect

from everloop.runners.runner import Runner, fail_at_await, interruptible


class CustomRunner(Runner):
    """Calls `function` in the cell's task. What it waits for holds the loop up, unless it takes turns of it."""

    def __init__(self, function):
        self._function = function
        self.name = str(function)

    def __call__(self, coro):
        watched = _Watched(coro)
        try:
            returned = self._function(watched.coroutine)
        except BaseException:
            watched.drop()
            raise
        if not watched.has_ended:
            name = getattr(self._function, "__qualname__", None) or repr(self._function)
            watched.fail(f"the loop runner {name} returned", returned)
        return watched.result()

    async def run(self, coro, cell=None):
        # All of it, since the function may run a loop that is not ours.
        return await interruptible(self._call(coro), cell)

    async def _call(self, coro):
        return self(coro)


class _Watched:
    """A coroutine that awaits another and keeps what came of it, whatever the runner makes of that."""

    def __init__(self, coro):
        self._coro = coro
        self._value = self._error = None
        self.has_ended = False
        self.coroutine = self._watch()
        # A runner may name it.
        self.coroutine.__name__ = coro.__name__
        self.coroutine.__qualname__ = coro.__qualname__

    async def _watch(self):
        try:
            self._value = await self._coro
        except BaseException as error:
            self._error = error
            raise
        finally:
            self.has_ended = True

    def result(self):
        if self._error is not None:
            raise self._error
        return self._value

    def fail(self, what, returned):
        """End what the runner did not run to its end with an error; `returned` is what it returned."""
        started = inspect.getcoroutinestate(self.coroutine) != inspect.CORO_CREATED
        if isinstance(returned, asyncio.Task) and returned.get_coro() is self.coroutine:
            # It would go on when nobody waits for it any more.
            returned.cancel()
            if not started:
                self._coro.close()
        elif started:
            try:
                fail_at_await(self.coroutine, f"{what} before the cell had ended")
            except StopIteration:
                return
        else:
            if inspect.iscoroutine(returned):
                returned.close()
            self.drop()
        raise RuntimeError(f"{what} " + ("before the cell had ended" if started else "without running the cell"))

    def drop(self):
        """Give up what has not run, without a warning that nobody awaited it."""
        if inspect.getcoroutinestate(self.coroutine) == inspect.CORO_CREATED:
            self.coroutine.close()
        self._coro.close()
