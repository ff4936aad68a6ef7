"""``%autoawait curio``: cells run in one kernel of curio, which the loop runs in steps."""

import asyncio
import sys

from everloop.runners.runner import Runner, interruptible, until_done


class CurioRunner(Runner):
    """Makes the kernel when it is first used, and ends it when another runner is chosen."""

    name = "curio"

    def __init__(self):
        self._kernel = None

    def __call__(self, coro):
        if _inside():
            coro.close()
            raise RuntimeError("curio cannot be entered again from inside one of its tasks: await the coroutine there")
        return super().__call__(coro)

    def run_alone(self, coro):
        import curio

        return curio.run(coro)

    async def run(self, coro, cell=None):
        try:
            from everloop.runners.curio_kernel import SteppedKernel

            if self._kernel is not None and self._kernel.is_closing:
                await until_done(self._kernel.ended)
            if self._kernel is None or self._kernel.ended.done():
                self._kernel = SteppedKernel(asyncio.get_running_loop())
            kernel = self._kernel
            job = kernel.spawn(interruptible(coro, cell), asyncio.current_task().get_context())
        except BaseException:
            coro.close()
            raise
        try:
            return await job.result()
        finally:
            if kernel.is_closing:
                # The cell has chosen another runner, which may want to run curio by itself.
                await until_done(kernel.ended)

    def leave(self):
        """End the background tasks and the kernel; if a cell of it chose the other runner, when that cell has ended."""
        if self._kernel is not None:
            self._kernel.close()


def _inside():
    meta = sys.modules.get("curio.meta")
    return meta is not None and meta.curio_running()
