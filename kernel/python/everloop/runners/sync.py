"""``%autoawait sync``: no loop at all; a coroutine that really waits is an error."""

from everloop.runners.runner import Runner, interruptible


class SyncRunner(Runner):
    """IPython's pseudo-synchronous runner. Its idea: https://github.com/python-trio/trio/issues/608"""

    name = "sync"
    autoawait = False

    def __call__(self, coro):
        return _advance(coro, coro)

    async def run(self, coro, cell=None):
        return _advance(interruptible(coro, cell), coro)


def _advance(awaitable, coro):
    try:
        awaitable.send(None)
    except StopIteration as ended:
        return ended.value
    # The words are IPython's. It lets the coroutine go on the stack of whoever collects it; ended here, its `finally`
    # clauses print under the cell.
    awaitable.close()
    raise RuntimeError(f"{coro.__name__!r} needs a real async loop")
