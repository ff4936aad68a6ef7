"""The one loop of the kernel: an ``EverLoop`` that knows which cell its tasks belong to."""

import asyncio
from _thread import get_ident

from everloop.loop import EverLoop
from everloop.parent import bind, output_of, parent


class KernelLoop(EverLoop):
    """What an :class:`everloop.early_loop.EarlyLoop` becomes; it runs from start to shutdown on the interpreter thread."""

    @classmethod
    def adopt(cls, loop):
        """Make `loop` one of these, which may be running; on any thread."""
        was_stopping, before, before_class = loop._stopping, dict(loop.__dict__), type(loop)
        loop.__class__ = cls
        try:
            cls.__init__(loop)
        except BaseException:
            # There are no descriptors left, say. It can be tried again.
            loop.__class__ = before_class
            loop.__dict__.clear()
            raise
        finally:
            loop.__dict__.update(before)
        loop._stopping = was_stopping
        if loop._thread_id in (None, get_ident()):
            loop._finish_growing()
        else:
            loop.call_soon_threadsafe(loop._finish_growing)

    def _finish_growing(self):
        # What belongs to the loop's thread.
        if self.is_running():
            self._watched_before = self._watch_signals()
        asyncio.set_event_loop(self)

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
