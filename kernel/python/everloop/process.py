"""What the process of a kernel does otherwise than that of a program: how it ends."""

import atexit
import gc
import os
import posix
import sys
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


def say_farewell(namespace):
    """Run the handlers of ``atexit``, also when there are threads that never end, and free what is in `namespace`.

    That is what an end of Python does that can be noticed. The rest, modules and their classes, takes longer than all of it and
    ends with the process.
    """
    until = time.monotonic() + THREADS
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(max(until - time.monotonic(), 0))
    atexit._run_exitfuncs()
    _everloop.farewell_is_said()
    _free(namespace)
    _everloop.flush_files()
    _everloop.leave()


def _free(namespace):
    for name in ("last_exc", "last_value", "last_type", "last_traceback"):
        sys.__dict__.pop(name, None)
    results = namespace.get("_oh")
    if type(results) is dict:
        results.clear()
    # What destructors may need goes last.
    for needed in (False, True):
        names = [name for name, value in namespace.items() if issubclass(type(value), _NEEDED) == needed]
        for name in names:
            if name != "__builtins__":
                namespace.pop(name, None)
    gc.collect()


_NEEDED = (type, type(_free), type(sys))
