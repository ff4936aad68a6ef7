"""``signal.getsignal`` on threads, and SIGURG, with which the kernel itself wakes threads.

RustPython's `getsignal` makes the thread that asks one that handles signals, with no handlers: from then on it takes those
of the interpreter thread, which are lost. Here other threads are told what the interpreter thread has set.
"""

import signal
import threading
from functools import wraps

import _everloop


def install():
    """Call it on the interpreter thread, which is the only one that may set handlers."""
    set_natively, get_natively = signal.signal, signal.getsignal
    handlers = {int(number): get_natively(number) for number in signal.valid_signals()}
    handlers[signal.SIGURG] = signal.SIG_DFL

    @wraps(set_natively)
    def set_handler(signalnum, handler):
        if signalnum != signal.SIGURG:
            before = set_natively(signalnum, handler)
        else:
            set_natively(signalnum, _with_kicks(handler))
            before = handlers[signalnum]
        handlers[int(signalnum)] = handler
        return before

    @wraps(get_natively)
    def get_handler(signalnum):
        if signalnum == signal.SIGURG or threading.get_ident() != threading.main_thread().ident:
            return handlers.get(int(signalnum))
        return get_natively(signalnum)

    signal.signal, signal.getsignal = set_handler, get_handler


def _with_kicks(handler):
    if not callable(handler):
        return _everloop.kicked

    def kicked(signum, frame):
        _everloop.kicked(signum, frame)
        # A SIGURG may come without a reason at any time; who handles it knows that.
        handler(signum, frame)

    return kicked
