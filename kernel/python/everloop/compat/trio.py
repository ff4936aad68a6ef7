"""trio on this interpreter and inside of its loop."""

import functools
import signal
import threading

from everloop.compat.imports import after_import


def install():
    """Watch for the import of trio."""
    after_import("trio", _keep_signals_apart)
    after_import("trio._core._run_context", _keep_current_task_small)


def _keep_signals_apart(module):
    """Let ``trio.run`` in a cell, which is inside of the running loop, be the one that is told of signals.

    trio wants to be told through ``signal.set_wakeup_fd`` and warns when somebody else is. The loop is, and does not
    have to be while trio has its thread.
    """
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


def _keep_current_task_small(module):
    """Let the place of the current task be used again.

    trio sets and deletes it at each step of each task, and a dict of RustPython keeps 80 bytes for each time, until it
    is cleared.
    """

    def __delattr__(self, name):
        values = self.__dict__
        rest = {key: value for key, value in values.items() if key != name}
        if len(rest) == len(values):
            raise AttributeError(name)
        values.clear()
        values.update(rest)

    module.RunContext.__delattr__ = __delattr__
