"""What a runner is: drives the coroutine of a cell, awaited by the kernel or called as IPython calls it."""

import _asyncio
from collections import namedtuple

import _everloop

#: A task that goes on between cells: the `task` itself, what it is called, the coroutine of the user, the context in
#: which it runs, and what to call to end it.
Background = namedtuple("Background", ["task", "name", "coroutine", "context", "cancel"])


class Runner:
    """Drives coroutines to their end.

    The kernel awaits :meth:`run` in the cell's task, so that the loop goes on. IPython's own code calls the runner as
    a function, which takes turns of the running loop until the coroutine has ended.
    """

    #: The name by which ``%autoawait`` knows it.
    name = ""
    #: Whether choosing it switches autoawait on.
    autoawait = True

    def __str__(self):
        return self.name

    def __repr__(self):
        return f"<loop runner {self.name}>"

    def __call__(self, coro):
        """Run `coro` to its end and return its result."""
        loop = _asyncio._get_running_loop()
        if loop is None:
            return self.run_alone(coro)
        return loop.run_until_complete(self.run(coro))

    def run_alone(self, coro):
        """Run `coro` on a thread that has no loop."""
        import asyncio

        return asyncio.run(coro)

    async def run(self, coro, cell=None):
        """The result of `coro`. `cell` is the cell whose code it is, for interrupts; None if it is no cell's."""
        raise NotImplementedError

    def background(self):
        """The tasks of the user that its library runs on the loop, each a :class:`Background`."""
        return ()

    def enter(self):
        """It was chosen: from now on cells go to it."""

    def leave(self):
        """Another one was chosen."""


def interruptible(coro, cell):
    """What to await in the place of `coro`, so that an interrupt raises in it while its code runs."""
    return coro if cell is None else _everloop.Interruptible(cell, coro)


def fail_at_await(coro, message):
    """Raise RuntimeError wherever `coro`, which nobody will resume, awaits, until it ends."""
    while True:
        coro.throw(RuntimeError(message))


async def until_done(future):
    """Wait for `future`; a cancellation ends the waiting and not the future."""
    if not future.done():
        import asyncio

        await asyncio.wait([future])
