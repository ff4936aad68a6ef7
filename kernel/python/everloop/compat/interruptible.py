"""Waiting that an interrupt can end, on the interpreter thread and on others that can be interrupted.

RustPython waits for a lock and for a thread without looking at signals, so that `queue.get()`, `event.wait()`,
`future.result()` and `thread.join()` could not be interrupted. On the threads that handle signals they now wait in slices,
between which a pending signal is handled: for locks natively (`native/locks.rs`), for threads here. Who is waited for still
ends the wait at once.

Threads are started with SIGINT blocked: the operating system gives a signal of the process to any thread that takes it,
and what arrives at another one does not end a system call of this one.
"""

import _signal
import _thread
import resource
import threading
import time
from _thread import allocate_lock, get_ident
from contextlib import contextmanager
from functools import partial, wraps

import _everloop
from everloop.parent import parent

# Seconds for which a signal may stay unnoticed.
_SLICE = 0.05

# Bytes of the address space for the stack of a thread, where nobody asks for another size; only what is used of it becomes
# memory.
_STACK = 16 << 20

# Held while a thread is started, since the size is the process's.
_starting = allocate_lock()

# The identifiers of the threads that handle signals.
_threads = set()


@contextmanager
def on_this_thread():
    """Make the waits of the calling thread interruptible inside."""
    thread = get_ident()
    _threads.add(thread)
    try:
        yield
    finally:
        _threads.discard(thread)


def install():
    """Make the waits of `threading` interruptible on the calling thread."""
    _threads.add(get_ident())

    join = threading.Thread.join

    def interruptible_join(self, timeout=None):
        def is_over(seconds):
            join(self, seconds)
            return not self.is_alive()

        if get_ident() in _threads:
            _in_slices(is_over, timeout)
        else:
            join(self, timeout)

    interruptible_join.__name__, interruptible_join.__doc__ = "join", join.__doc__
    start_joinable, start = threading._start_joinable_thread, _thread.start_new_thread

    def start_joinable_thread(function, **kwargs):
        with _without_interrupts(), _room_for_stack():
            return start_joinable(_Told(function), **kwargs)

    @wraps(start)
    def start_new_thread(function, *arguments):
        with _without_interrupts(), _room_for_stack():
            return start(_Told(function, parent.get()) if callable(function) else function, *arguments)

    threading._start_joinable_thread = start_joinable_thread
    _thread.start_new_thread = _thread.start_new = start_new_thread
    threading.Thread.join = interruptible_join


class _Told:
    """What a thread runs: what ends it is told, also when that is the interpreter or its stack."""

    def __init__(self, function, cell=None):
        self._function = function
        self._cell = cell

    def __call__(self, *args, **kwargs):
        if self._cell is not None:
            # A thread without a `Thread` inherits no context.
            parent.set(self._cell)
        return _everloop.run_thread(partial(self._function, *args, **kwargs))

    def __repr__(self):
        # For who shows what ended it.
        return repr(self._function)


@contextmanager
def _without_interrupts():
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGINT])
    try:
        yield
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


@contextmanager
def _room_for_stack():
    """Let a thread have what it needs to free nested objects, which the interpreter does one inside the other."""
    with _starting:
        # Without a size it would set that to none, also where somebody has asked for one.
        before = threading.stack_size(0 if _is_limited() else _STACK)
        if before != 0:
            threading.stack_size(before)
        try:
            yield
        finally:
            threading.stack_size(before)


def _is_limited():
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _in_slices(wait, timeout):
    """Whether `wait(seconds)` says that it is over, within `timeout` seconds; None waits for as long as it takes."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if end is None else end - time.monotonic()
        if left < _SLICE:
            return wait(max(left, 0))
        if wait(_SLICE):
            return True
        # A thread that looks this seldom would find the signal taken by another one.
        _everloop.kicked(_signal.SIGURG, None)
