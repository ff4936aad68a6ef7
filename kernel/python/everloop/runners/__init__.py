"""What drives the coroutine of a cell: the runners that ``%autoawait`` names.

IPython calls a runner with a coroutine and gets its result; the kernel awaits :func:`drive` in the cell's task, so that
the asyncio loop goes on meanwhile, whichever library's coroutine it is.
"""

from asyncio import CancelledError

from everloop.runners.asyncio_ import AsyncioRunner
from everloop.runners.curio_ import CurioRunner
from everloop.runners.custom import CustomRunner
from everloop.runners.runner import Runner
from everloop.runners.sync import SyncRunner
from everloop.runners.trio_ import TrioRunner

asyncio = AsyncioRunner()
curio = CurioRunner()
trio = TrioRunner()
sync = SyncRunner()

#: As ``InteractiveShell.loop_runner_map``: name to the runner, and whether choosing it switches autoawait on.
loop_runner_map = {runner.name: (runner, runner.autoawait) for runner in (asyncio, curio, trio, sync)}


async def drive(runner, coro, cell=None):
    """The result of `coro`, driven by `runner`: one of these, or any function that takes a coroutine.

    `cell` is the ``_everloop.Cell`` whose code it is, for interrupts.
    """
    if not isinstance(runner, Runner):
        runner = CustomRunner(runner)
    return await runner.run(coro, cell)


def background():
    """The tasks that other libraries than asyncio run on the loop, each a :class:`everloop.runners.runner.Background`."""
    return [task for runner, _ in loop_runner_map.values() for task in runner.background()]


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
    return CancelledError().with_traceback(leaf.__traceback__)


_CANCELLATIONS = {("trio", "Cancelled"), ("curio", "TaskCancelled")}
