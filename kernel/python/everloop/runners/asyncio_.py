"""``%autoawait asyncio``: the cell's own task awaits the coroutine."""

from everloop.runners.runner import Runner, interruptible


class AsyncioRunner(Runner):
    """The runner that cells have until another one is chosen."""

    name = "asyncio"

    async def run(self, coro, cell=None):
        return await interruptible(coro, cell)
