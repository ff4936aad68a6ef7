"""``trio.run`` in a cell, which is inside of the running loop.

trio wants to be told of signals through ``signal.set_wakeup_fd``, and warns when somebody else is. The loop is, and
does not have to be while trio has its thread.
"""

import functools
import signal
import threading

from everloop.compat.imports import after_import


def install():
    """Watch for the import of trio."""
    after_import("trio", _replace)


def _replace(module):
    run = module.run

    @functools.wraps(run)
    def run_undisturbed(*args, **options):
        if threading.current_thread() is not threading.main_thread():
            return run(*args, **options)
        before = signal.set_wakeup_fd(-1)
        try:
            return run(*args, **options)
        finally:
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)

    module.run = run_undisturbed
