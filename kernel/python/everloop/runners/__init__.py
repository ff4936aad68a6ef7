"""What drives the coroutine of a cell: the runners that ``%autoawait`` names.

IPython calls a runner with a coroutine and gets its result; the kernel awaits :func:`drive` in the cell's task, so that
the asyncio loop goes on meanwhile, whichever library's coroutine it is.
"""

import sys

from everloop.runners.asyncio_ import AsyncioRunner
from everloop.runners.runner import Runner

asyncio = AsyncioRunner()


def __getattr__(name):
    # Most notebooks never name another one.
    if name not in ("curio", "trio", "sync", "loop_runner_map"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from everloop.runners import others

    return getattr(others, name)


async def drive(runner, coro, cell=None):
    """The result of `coro`, driven by `runner`: one of these, or any function that takes a coroutine.

    `cell` is the ``_everloop.Cell`` whose code it is, for interrupts.
    """
    if not isinstance(runner, Runner):
        from everloop.runners.custom import CustomRunner

        runner = CustomRunner(runner)
    return await runner.run(coro, cell)


def background():
    """The tasks that other libraries than asyncio run on the loop, each a :class:`everloop.runners.runner.Background`."""
    others = sys.modules.get("everloop.runners.others")
    runners = getattr(others, "loop_runner_map", {}).values()
    return [task for runner, _ in runners for task in runner.background()]


def switch(before, after):
    """`after` takes the place of `before`, both as in :func:`drive`: what ran in the old mode ends."""
    if before is after:
        return
    if isinstance(before, Runner):
        before.leave()
    if isinstance(after, Runner):
        after.enter()


def as_cancellation(error):
    """An ``asyncio.CancelledError`` for an `error` by which another library cancels a task; else `error`."""
    leaf = error
    while isinstance(leaf, BaseExceptionGroup) and len({type(inner) for inner in leaf.exceptions}) == 1:
        leaf = leaf.exceptions[0]
    if (type(leaf).__module__.partition(".")[0], type(leaf).__name__) not in _CANCELLATIONS:
        return error
    from asyncio import CancelledError

    return CancelledError().with_traceback(leaf.__traceback__)


_CANCELLATIONS = {("trio", "Cancelled"), ("curio", "TaskCancelled")}
