"""Cells of IPython on threads of their own: their code is run there, what IPython does around it stays on the loop."""

import asyncio
from contextvars import ContextVar

import _everloop
from everloop.run import CannotAwait

#: The awaitable that the code below gives to IPython in the place of a cell's.
_call = ContextVar("everloop_call_on_thread")
_CODE = compile("__import__('everloop.ipython.threads', fromlist=['take']).take()", "<thread>", "eval")


class ThreadShell:
    """The part of the shell that runs code on threads, to be inherited from together with ``InteractiveShell``."""

    @property
    def is_on_thread(self):
        """Whether the cell that the calling code belongs to has a thread of its own."""
        return self.current_run.thread is not None

    async def run_code(self, code_obj, result=None, *, async_=False):
        """As in IPython; on the cell's own thread, if it has one."""
        _everloop.statement_begins()
        thread = self.current_run.thread
        if thread is None or asyncio._get_running_loop() is not self.session.loop:
            return await super().run_code(code_obj, result, async_=async_)
        function = _refuse if async_ else exec
        _call.set(thread.call(function, code_obj, self.user_global_ns, self.user_ns))
        return await super().run_code(_CODE, result, async_=True)

    # It shows itself as IPython's.
    run_code.__qualname__ = "InteractiveShell.run_code"


def take():
    """The awaitable, for :meth:`ThreadShell.run_code`."""
    return _call.get()


def _refuse(code_obj, *_namespaces):
    raise CannotAwait
