"""``%autoawait NAME`` with a function of the user: called with the coroutine, it has to run it to its end."""

import asyncio
import inspect

from everloop.runners.runner import Runner, interruptible


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
            watched.drop(None)
            raise
        if watched.has_ended:
            return watched.result()
        how = watched.drop(returned)
        name = getattr(self._function, "__qualname__", None) or repr(self._function)
        raise RuntimeError(f"the loop runner {name} returned {how}")

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
        except GeneratorExit:
            raise  # from `drop`
        except BaseException as error:
            self._error = error
            raise
        finally:
            self.has_ended = True

    def result(self):
        if self._error is not None:
            raise self._error
        return self._value

    def drop(self, returned):
        """End what was not run to its end; says how far it was. `returned` is what the runner returned."""
        state = inspect.getcoroutinestate(self.coroutine)
        if isinstance(returned, asyncio.Task) and returned.get_coro() is self.coroutine:
            returned.cancel()
        else:
            self.coroutine.close()
        if inspect.iscoroutine(returned):
            returned.close()
        self._coro.close()
        return "without running the cell" if state == inspect.CORO_CREATED else "before the cell had ended"
