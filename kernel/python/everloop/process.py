"""What the process of a kernel does otherwise than that of a program: how it ends."""

import atexit
import os
import posix
import threading
import time
from functools import wraps

import _everloop
from everloop import streams

#: Seconds for which threads that are no daemons are waited for at the end. All of Python has half a second.
THREADS = 0.15


def install():
    """Let ``os._exit`` end the process when what was said has reached its readers."""

    @wraps(os._exit)
    def _exit(status):
        _everloop.exit(status)

    os._exit = posix._exit = _exit


def end_child(error):
    """In a child that was forked: end as a script does that raises `error`."""
    if not isinstance(error, SystemExit):
        import traceback

        traceback.print_exception(error)
        os._exit(1)
    code = error.code
    if code is not None and not isinstance(code, int):
        streams.say(f"{code}\n")
        code = 1
    os._exit(code or 0)


def say_farewell():
    """Run the handlers of ``atexit``, also when there are threads that never end."""
    until = time.monotonic() + THREADS
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(max(until - time.monotonic(), 0))
    atexit._run_exitfuncs()
    _everloop.farewell_is_said()
