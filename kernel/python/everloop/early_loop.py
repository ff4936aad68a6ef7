"""The kernel's loop before anybody has imported asyncio, which takes as long as all the rest of the start.

It has the hot half, ``_everloop.LoopCore``, and of the wide rest what cells need that do not know asyncio. The same object
becomes a :class:`everloop.kernel_loop.KernelLoop` when asyncio is imported: by code of the user, by IPython, or by whoever
asks the loop for anything that is not here.
"""

import _asyncio
import sys
from _thread import get_ident

import _everloop
from everloop.background import BackgroundFailures
from everloop.compat.imports import after_import


class EarlyLoop(_everloop.LoopCore):
    """Runs from start to shutdown on the interpreter thread, as the class that it will have."""

    _thread_id = None

    def __init__(self):
        self.failures = BackgroundFailures(self)
        self._task_failure_handler = self.failures.task_failed
        after_import("asyncio", self._grow)

    def __getattr__(self, name):
        # `_grow` has run when this returns, or it runs further out.
        if type(self) is EarlyLoop and not name.startswith("__"):
            import asyncio  # noqa: F401

            if type(self) is not EarlyLoop:
                return getattr(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __repr__(self):
        return f"<EverLoop running={self._thread_id is not None} closed=False debug=False>"

    def run_forever(self):
        """Run until ``stop()`` is called."""
        _everloop.enclosed(self._begin_run, self._run_turns_until_stopped, self._end_run)

    def is_running(self):
        """Whether it runs."""
        return self._thread_id is not None

    def is_closed(self):
        """Never: it ends with the kernel."""
        return False

    def _begin_run(self):
        self._thread_id, self._watched_before = get_ident(), None
        self._old_agen_hooks = sys.get_asyncgen_hooks()
        # Of the class that it will have.
        sys.set_asyncgen_hooks(
            firstiter=lambda generator: self._asyncgen_firstiter_hook(generator),
            finalizer=lambda generator: self._asyncgen_finalizer_hook(generator),
        )
        _asyncio._set_running_loop(self)

    def _run_turns_until_stopped(self):
        self._run_turns(None)

    def _end_run(self):
        # Not `type(self)`: code of the user may have taken that away.
        if self.__class__ is not EarlyLoop:
            # It has grown since this was asked for.
            self._end_run()
            return
        self._thread_id = None
        sys.set_asyncgen_hooks(*self._old_agen_hooks)
        _asyncio._set_running_loop(None)

    def _grow(self, asyncio):
        from everloop import takeover
        from everloop.kernel_loop import KernelLoop

        takeover.install(asyncio)
        KernelLoop.adopt(self)
