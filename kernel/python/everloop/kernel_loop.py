"""The one loop of the kernel: an ``EverLoop`` that knows which cell its tasks belong to."""

from everloop.background import BackgroundFailures
from everloop.loop import EverLoop
from everloop.parent import bind, output_of, parent


class KernelLoop(EverLoop):
    """Runs from start to shutdown on the interpreter thread."""

    def __init__(self):
        super().__init__()
        self.failures = BackgroundFailures(self)
        self._task_failure_handler = self.failures.task_failed

    def __repr__(self):
        return f"<EverLoop running={self.is_running()} closed={self.is_closed()} debug={self.get_debug()}>"

    def run_in_executor(self, executor, func, *args):
        """As ``BaseEventLoop.run_in_executor``; what `func` prints belongs to the cell that runs now."""
        return super().run_in_executor(executor, bind(func), *args)

    def default_exception_handler(self, context):
        """As ``BaseEventLoop.default_exception_handler``, under the cell of the task or handle that it is about."""
        with output_of(_cell_of(context)):
            super().default_exception_handler(context)


def _cell_of(context):
    for key in ("task", "future", "handle"):
        get_context = getattr(context.get(key), "get_context", None)
        if get_context is not None:
            return get_context().get(parent)
    return parent.get()
