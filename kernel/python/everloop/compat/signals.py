"""``signal.getsignal`` on threads, and the signals that the kernel has taken: SIGURG, with which it wakes threads, and SIGTERM.

RustPython's `getsignal` makes the thread that asks one that handles signals, with no handlers: from then on it takes those
of the interpreter thread, which are lost. Here other threads are told what the interpreter thread has set.

What the kernel does at SIGTERM looks like the default, and stays when code that has set nothing else asks for that.
"""

import signal
import threading
from functools import wraps

import _everloop

_TAKEN = (signal.SIGURG, signal.SIGTERM)


def install():
    """Call it on the interpreter thread, which is the only one that may set handlers."""
    set_natively, get_natively = signal.signal, signal.getsignal
    handlers = {int(number): get_natively(number) for number in signal.valid_signals()}
    handlers[signal.SIGURG] = signal.SIG_DFL
    if handlers[signal.SIGTERM] is None:
        handlers[signal.SIGTERM] = signal.SIG_DFL

    @wraps(set_natively)
    def set_handler(signalnum, handler):
        before = handlers.get(signalnum)
        if signalnum == signal.SIGURG:
            set_natively(signalnum, _with_kicks(handler))
        elif not (signalnum == signal.SIGTERM and handler == before == signal.SIG_DFL):
            native = set_natively(signalnum, handler)
            before = before if signalnum in _TAKEN else native
        handlers[int(signalnum)] = handler
        return before

    @wraps(get_natively)
    def get_handler(signalnum):
        if signalnum in _TAKEN or threading.get_ident() != threading.main_thread().ident:
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
