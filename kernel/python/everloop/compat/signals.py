"""``signal.getsignal`` on threads, the signals that the kernel has taken, as SIGURG, with which it wakes threads, and handlers that raise.

RustPython's `getsignal` makes the thread that asks one that handles signals, with no handlers: from then on it takes those
of the interpreter thread, which are lost. Here other threads are told what the interpreter thread has set.

What the kernel does at SIGTERM and at the signals of faults looks like the default, and stays when code that has set nothing
else asks for that.

A handler may raise at any time. In code of the user that is what it is for; the kernel's own would end by it.
"""

import _signal
from functools import wraps

import _everloop
from everloop.compat.imports import after_import

_TAKEN = (
    _signal.SIGURG,
    _signal.SIGTERM,
    _signal.SIGHUP,
    _signal.SIGQUIT,
    _signal.SIGSEGV,
    _signal.SIGBUS,
    _signal.SIGILL,
    _signal.SIGFPE,
    _signal.SIGABRT,
    _signal.SIGSYS,
    _signal.SIGTRAP,
)

#: Whether what a handler raises is shown when it is no code of the user that it interrupts.
_shows = False


def install():
    """Call it on the interpreter thread, which is the only one that may set handlers."""
    handlers = {number: _signal.getsignal(number) for number in _signal.valid_signals()}
    handlers[_signal.SIGURG] = _signal.SIG_DFL
    for taken in _TAKEN:
        if handlers[taken] is None:
            handlers[taken] = _signal.SIG_DFL
    after_import("signal", lambda signal: _mend(signal, handlers))


def _mend(signal, handlers):
    set_natively, get_natively = signal.signal, signal.getsignal
    for number, handler in handlers.items():
        if handler in (signal.SIG_DFL, signal.SIG_IGN):
            handlers[number] = signal.Handlers(handler)

    @wraps(set_natively)
    def set_handler(signalnum, handler):
        before = handlers.get(signalnum)
        if signalnum == signal.SIGURG:
            set_natively(signalnum, _with_kicks(handler))
        elif not (signalnum in _TAKEN and handler == before == signal.SIG_DFL):
            set_natively(signalnum, _shown(handler))
        handlers[int(signalnum)] = handler
        return before

    @wraps(get_natively)
    def get_handler(signalnum):
        if signalnum in handlers:
            return handlers[signalnum]
        return get_natively(signalnum)

    signal.signal, signal.getsignal = set_handler, get_handler


def show_what_handlers_raise():
    """From now on what a handler raises ends no code but that of the user."""
    global _shows
    _shows = True


def _shown(handler):
    # Those of the kernel know when they may raise.
    is_ours = handler is _everloop.default_int_handler or (getattr(handler, "__module__", None) or "").startswith(
        "everloop."
    )
    if not _shows or not callable(handler) or is_ours:
        return handler
    # Its loop hears of signals, so that handlers run while it waits.
    import asyncio  # noqa: F401

    @wraps(handler)
    def show(signum, frame):
        try:
            handler(signum, frame)
        except BaseException as error:
            if _everloop.runs_user_code():
                raise
            from everloop import tracebacks

            tracebacks.show(error)

    return show


def _with_kicks(handler):
    if not callable(handler):
        return _everloop.kicked

    def kicked(signum, frame):
        _everloop.kicked(signum, frame)
        # A SIGURG may come without a reason at any time; who handles it knows that.
        handler(signum, frame)

    return kicked
