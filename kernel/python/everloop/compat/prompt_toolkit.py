"""``prompt_toolkit``, with which IPython asks in a terminal: it keeps SIGINT's handler through CPython's C interface."""

import contextlib
import signal

from everloop.compat.imports import after_import


def install():
    """Watch for the import."""
    after_import("prompt_toolkit.application.application", _replace)


def _replace(application):
    application._restore_sigint_from_ctypes = restore_sigint


@contextlib.contextmanager
def restore_sigint():
    """Put back the handler that there was, as the library does by itself where it finds no C interface."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
