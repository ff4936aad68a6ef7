"""``%autoawait trio``: cells run under trio, which runs as a guest on the loop."""

import asyncio
import sys

from everloop.runners.runner import Runner, interruptible, until_done


class TrioRunner(Runner):
    """Starts one run of trio when it is chosen, or first used, and ends it when another runner is chosen."""

    name = "trio"

    def __init__(self):
        self._guest = None

    def __call__(self, coro):
        if _inside():
            coro.close()
            raise RuntimeError("trio cannot be entered again from inside one of its tasks: await the coroutine there")
        return super().__call__(coro)

    def run_alone(self, coro):
        import trio

        async def main():
            return await coro

        return trio.run(main)

    async def run(self, coro, cell=None):
        try:
            guest = await self._started()
            job = guest.spawn(interruptible(coro, cell), coro.__name__, asyncio.current_task().get_context())
        except BaseException:
            coro.close()
            raise
        try:
            return await job.result()
        finally:
            if guest.is_closing:
                # The cell has chosen another runner, which may want to run trio by itself.
                await until_done(guest.ended)

    def background(self):
        guest = self._guest
        return () if guest is None or guest.ended.done() else guest.background()

    def enter(self):
        """Start trio, so that the next cell finds ``GLOBAL_NURSERY``. Where trio is missing, that cell will say so."""
        loop = asyncio._get_running_loop()
        if loop is not None:
            try:
                loop.run_until_complete(self._started())
            except ImportError:
                return

    def leave(self):
        """End the background tasks and the run; if a cell of it chose the other runner, when that cell has ended."""
        guest, loop = self._guest, asyncio._get_running_loop()
        if guest is None or guest.ended.done():
            return
        guest.close()
        if loop is not None and not _inside():
            loop.run_until_complete(until_done(guest.ended))

    async def _started(self):
        from everloop.runners.trio_guest import Guest

        if self._guest is not None and self._guest.is_closing:
            await until_done(self._guest.ended)
        if self._guest is None or self._guest.ended.done():
            self._guest = Guest(asyncio.get_running_loop())
        await until_done(self._guest.ready)
        return self._guest


def _inside():
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()
