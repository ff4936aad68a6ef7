"""One run of trio as a guest of the loop, and the nursery that lives as long as it does."""

import builtins
import contextlib
import functools

import trio

from everloop.runners import failures
from everloop.runners.interrupts import DeferredInterrupts
from everloop.runners.job import Job
from everloop.runners.runner import Background


class TrioJob(Job):
    """A trio task with a cancel scope of its own."""

    def __init__(self, awaitable):
        super().__init__(awaitable)
        self._scope = trio.CancelScope()

    def cancel(self):
        self._scope.cancel()

    # A system task is protected from interrupts, and a cell is not.
    @trio.lowlevel.disable_ki_protection
    async def main(self):
        """The trio task. It raises nothing, since a system task must not."""
        try:
            value = None
            with self._scope:
                value = await self.await_it()
            error = self.cancellation() if self._scope.cancelled_caught else None
            self.end(value, error)
        except BaseException as error:
            self.end(error=error)


class Guest:
    """trio's scheduler, each step of which is a callback of the running asyncio loop.

    `ready` is a future that is done when ``GLOBAL_NURSERY`` is there, `ended` one that is done when the run is over.
    """

    def __init__(self, loop):
        self.loop = loop
        self.ready = loop.create_future()
        self.ended = loop.create_future()
        self._nursery = None
        self._jobs = set()
        self.is_closing = False
        self._interrupts = DeferredInterrupts(loop, lambda _frame: trio.lowlevel.currently_ki_protected())
        # Before the run, which would take SIGINT for its own main task.
        self._interrupts.install()
        try:
            trio.lowlevel.start_guest_run(
                self._main,
                run_sync_soon_threadsafe=self._soon_threadsafe,
                run_sync_soon_not_threadsafe=self._soon,
                done_callback=self._done,
                host_uses_signal_set_wakeup_fd=True,
            )
        except BaseException:
            # Inside of a run of the user's own, say.
            self._interrupts.uninstall()
            raise

    def spawn(self, awaitable, name, context):
        """Await `awaitable` in a trio task of its own, which runs in `context`; returns the :class:`TrioJob`."""
        job = TrioJob(awaitable)
        trio.lowlevel.spawn_system_task(self._run_job, job, name=name, context=context)
        self._jobs.add(job)
        return job

    def background(self):
        """The tasks in ``GLOBAL_NURSERY``, each a :class:`everloop.runners.runner.Background`."""
        tasks = () if self._nursery is None else self._nursery.child_tasks
        return [
            Background(
                task,
                "in GLOBAL_NURSERY",
                task.coro.cr_await or task.coro,
                task.context,
                functools.partial(failures.cancel, task),
            )
            for task in tasks
        ]

    def close(self):
        """Cancel the background tasks and end the run, as soon as no cell runs in it."""
        self.is_closing = True
        if not self._jobs and self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    async def _run_job(self, job):
        try:
            await job.main()
        finally:
            self._jobs.discard(job)
            if self.is_closing:
                self.close()

    async def _main(self):
        try:
            while not self.is_closing:
                # Again when somebody has cancelled it, which is how all background tasks are ended at once.
                async with trio.open_nursery() as self._nursery:
                    builtins.GLOBAL_NURSERY = failures.shown(self._nursery)
                    if not self.ready.done():
                        self.ready.set_result(None)
                    await trio.sleep_forever()
        finally:
            with contextlib.suppress(AttributeError):
                del builtins.GLOBAL_NURSERY

    def _soon(self, step):
        self.loop.call_soon(self._interrupts.step, step)

    def _soon_threadsafe(self, step):
        self.loop.call_soon_threadsafe(self._interrupts.step, step)

    def _done(self, outcome):
        self._interrupts.uninstall()
        error = getattr(outcome, "error", None)
        for job in self._jobs:
            job.end(error=error or RuntimeError("trio's run ended before the cell did"))
        self._jobs.clear()
        for future in (self.ready, self.ended):
            if not future.done():
                future.set_result(error)
