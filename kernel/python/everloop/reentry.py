"""``asyncio.run`` and ``asyncio.Runner`` inside a running :class:`EverLoop`: they take turns of that same loop.

Everywhere else they are asyncio's own. What remains of their promises inside the loop: the coroutine runs as a task of
its own, in a copy of the context; what it returns or raises is returned or raised; the tasks that were started inside
and are not done at the end are cancelled, and no others; `debug` holds meanwhile. The loop is neither made nor closed,
so `loop_factory` means nothing, and the default executor goes on.
"""

import asyncio
import contextvars
from asyncio import coroutines, events, runners

from everloop.loop import EverLoop

#: The runner inside of which a task was started.
_runner = contextvars.ContextVar("everloop_runner", default=None)


class Runner(runners.Runner):
    """``asyncio.Runner``, also inside of a running :class:`EverLoop`."""

    _nested = False

    def _lazy_init(self):
        loop = events._get_running_loop()
        if self._state is runners._State.CREATED and isinstance(loop, EverLoop):
            self._nested = True
            self._loop = loop
            self._context = contextvars.copy_context()
            self._context.run(_runner.set, self)
            self._debug_before = loop.get_debug()
            if self._debug is not None:
                loop.set_debug(self._debug)
            self._state = runners._State.INITIALIZED
        super()._lazy_init()

    def run(self, coro, *, context=None):
        """Run a coroutine and return its result."""
        if isinstance(events._get_running_loop(), EverLoop):
            self._lazy_init()
        if not self._nested:
            return super().run(coro, context=context)
        if context is not None:
            context.run(_runner.set, self)
        task = self._loop.create_task(_coroutine(coro), context=context or self._context)
        try:
            return self._loop.run_until_complete(task)
        except BaseException:
            # An interrupt ends the waiting; the task ends with it.
            self._end([task])
            raise

    def close(self):
        """Cancel what was started inside and is not done."""
        if not self._nested:
            super().close()
            return
        if self._state is runners._State.INITIALIZED:
            self._state = runners._State.CLOSED
            try:
                self._end(self._tasks())
            finally:
                self._loop.set_debug(self._debug_before)
                self._loop = None

    def _tasks(self):
        tasks = asyncio.all_tasks(self._loop)
        return [task for task in tasks if task.get_context().get(_runner) is self]

    def _end(self, tasks):
        tasks = [task for task in tasks if not task.done()]
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for task in tasks:
            if not task.cancelled() and task.exception() is not None:
                self._loop.call_exception_handler(
                    {
                        "message": "unhandled exception during asyncio.run() shutdown",
                        "exception": task.exception(),
                        "task": task,
                    }
                )


def run(main, *, debug=None, loop_factory=None):
    """``asyncio.run``, also inside of a running :class:`EverLoop`."""
    running = events._get_running_loop()
    if running is not None and not isinstance(running, EverLoop):
        return _asyncio_run(main, debug=debug, loop_factory=loop_factory)
    with Runner(debug=debug, loop_factory=loop_factory) as runner:
        return runner.run(main)


_asyncio_run = runners.run


def install():
    """Let everybody who asks asyncio for them get these."""
    asyncio.run = runners.run = run
    asyncio.Runner = runners.Runner = Runner


def _coroutine(awaitable):
    if coroutines.iscoroutine(awaitable):
        return awaitable
    if not hasattr(awaitable, "__await__"):
        raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")

    async def wait_for_it():
        return await awaitable

    return wait_for_it()
