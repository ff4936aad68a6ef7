"""``%autoawait sync``: no loop at all; a coroutine that really waits is an error."""

from everloop.runners.runner import Runner, fail_at_await, interruptible


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
        # The words are IPython's, which leaves the coroutine where it is. Raised at the `await` they show which one.
        fail_at_await(awaitable, f"{coro.__name__!r} needs a real async loop")
    except StopIteration as ended:
        return ended.value
