"""One kernel of curio that the loop runs in steps: all that is ready, again and again, but never a wait."""

import collections

import curio
from curio.kernel import Activation
from curio.task import ContextTask
from curio.traps import _read_wait

from everloop.parent import parent
from everloop.runners.curio_selector import DOORBELL, SteppedSelector
from everloop.runners.interrupts import DeferredInterrupts
from everloop.runners.job import Job


class CurioJob(Job):
    """A cell in a task of curio."""

    def __init__(self, awaitable, kernel):
        super().__init__(awaitable)
        self._kernel = kernel
        self._task = None

    async def start(self, context):
        """Called inside of the kernel."""
        self._task = await curio.spawn(self._main, daemon=True)
        # A cell's code runs in the context of all cells, not in a copy.
        self._task._context = context

    def cancel(self):
        self._kernel.run_errand(lambda: self._task.cancel(blocking=False))

    async def _main(self):
        try:
            self.end(await self.await_it())
        except curio.TaskCancelled:
            self.end(error=self.cancellation())
        except BaseException as error:
            self.end(error=error)
        finally:
            self._kernel.job_ended(self)


class SteppedKernel:
    """Lives as long as the mode, and its tasks with it, between cells too."""

    def __init__(self, loop):
        self._loop = loop
        self._errands = collections.deque()
        self._jobs = set()
        self._next_step = None
        self._is_stepping = self.is_closing = False
        #: A future that is done when the kernel is no more.
        self.ended = loop.create_future()
        self._selector = SteppedSelector()
        self._kernel = curio.Kernel(selector=self._selector, activations=[_Count(self._selector)], taskcls=_Task)
        self._interrupts = DeferredInterrupts(loop, _is_kernel)
        self._interrupts.install()
        loop.add_reader(self._selector.fileno(), self._step)

    def spawn(self, awaitable, context):
        """Await `awaitable` in a task that runs in `context`; returns the :class:`CurioJob`."""
        job = CurioJob(awaitable, self)
        self._jobs.add(job)
        self.run_errand(lambda: job.start(context))
        return job

    def run_errand(self, errand):
        """Await `errand()` inside of the kernel, soon; it must not wait there."""
        self._errands.append(errand)
        self._step_in(0)

    def job_ended(self, job):
        """Called inside of the kernel by a job that is over."""
        self._jobs.discard(job)
        if self.is_closing:
            self._loop.call_soon(self.close)

    def close(self):
        """Cancel the background tasks and end the kernel, as soon as no cell runs in it."""
        self.is_closing = True
        if self._is_stepping:
            self._loop.call_soon(self.close)
        elif not self._jobs and not self.ended.done():
            self._detach()
            self._kernel.run(shutdown=True)

    def _detach(self):
        self.ended.set_result(None)
        self._loop.remove_reader(self._selector.fileno())
        self._interrupts.uninstall()
        self._forget_next_step()

    # -- steps

    def _step(self):
        if self._is_stepping:
            # A task runs the loop, inside of a step. The descriptor would say again and again that it is readable.
            self._loop.remove_reader(self._selector.fileno())
            return
        self._forget_next_step()
        self._is_stepping = True
        try:
            self._interrupts.step(self._run_what_is_ready)
        finally:
            self._is_stepping = False
        if not self.ended.done():
            self._loop.add_reader(self._selector.fileno(), self._step)
            self._plan_next_step()

    def _run_what_is_ready(self):
        try:
            self._kernel.run(self._visit)
        except Exception as error:
            # Of the kernel itself, which is lost. The next cell gets another one.
            self._detach()
            crash = RuntimeError("curio's kernel has crashed, and its tasks with it")
            crash.__cause__ = error
            for job in self._jobs:
                job.end(error=crash)
        except BaseException as error:
            # Of a background task: SystemExit, say. The kernel has stopped where it was and goes on in the next step.
            self._selector.tasks_run += 2
            from everloop import tracebacks

            tracebacks.show(error)

    async def _visit(self):
        while self._errands:
            await self._errands.popleft()()
        await _read_wait(DOORBELL)

    def _plan_next_step(self):
        # This visit's own task is one that ran after the bell; more of them had their time just then.
        if self._errands or self._selector.tasks_run > 1:
            self._step_in(0)
        elif self._selector.timeout is not None:
            self._step_in(self._selector.timeout)

    def _step_in(self, seconds):
        if not self.ended.done():
            self._forget_next_step()
            self._next_step = self._loop.call_later(seconds, self._step)

    def _forget_next_step(self):
        if self._next_step is not None:
            self._next_step.cancel()
            self._next_step = None


def _is_kernel(frame):
    """Whether curio's scheduler, or what runs it, is the innermost code."""
    return not _Task.is_running or frame.f_globals.get("__name__") in _OF_KERNEL


#: A task that these have begun to step, or have stepped, is not on the stack.
_OF_KERNEL = {__name__, "curio.kernel", "curio.task", "everloop.runners.job"}


class _Task(ContextTask):
    """Knows whether the code of a task is what runs, and where to show the exception that ends one."""

    is_running = False

    def __init__(self, coro, parent=None):
        super().__init__(coro, parent)
        # Nobody joins the visits.
        self.daemon = parent is None

    def send(self, value):
        _Task.is_running = True
        try:
            return super().send(value)
        except StopIteration:
            raise
        except BaseException:
            # The kernel logs it, in the context of the step.
            parent.set(self._context.get(parent))
            raise
        finally:
            _Task.is_running = False


class _Count(Activation):
    def __init__(self, selector):
        self._selector = selector

    def running(self, task):
        self._selector.tasks_run += 1
