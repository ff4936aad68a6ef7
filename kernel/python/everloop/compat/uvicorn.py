"""uvicorn's server in a cell: it takes SIGINT and SIGTERM until it ends, and an interrupt of a later cell with them.

In the kernel these mean cells and the kernel. A cell ends its server with ``server.should_exit = True``.
"""

import contextlib
from asyncio import events

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module of the server."""
    after_import("uvicorn.server", _leave_signals_alone)


def _leave_signals_alone(module):
    from everloop.kernel_loop import KernelLoop

    take_signals = module.Server.capture_signals

    def capture_signals(self):
        is_in_kernel = isinstance(events._get_running_loop(), KernelLoop)
        return contextlib.nullcontext() if is_in_kernel else take_signals(self)

    module.Server.capture_signals = capture_signals
