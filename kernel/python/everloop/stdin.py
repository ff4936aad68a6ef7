"""``input()`` and ``getpass.getpass()``: questions to the front end that sent the cell.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel
"""

import sys

import _everloop


class StdinNotImplementedError(NotImplementedError):
    """The front end said (``allow_stdin`` false) that it cannot be asked."""


def input(prompt="", /):
    """Ask the front end for a line of text; the end-of-file character raises EOFError."""
    if not _everloop.allow_stdin():
        raise _not_implemented("raw_input was called, but this frontend does not support input requests.")
    return _ask(str(prompt), password=False)


def getpass(prompt="Password: ", stream=None, *, echo_char=None):
    """Ask the front end for a line of text that it does not show. `stream` and `echo_char` are the front end's affair."""
    if not _everloop.allow_stdin():
        raise _not_implemented("getpass was called, but this frontend does not support input requests.")
    if stream is not None:
        import warnings

        warnings.warn(
            "The `stream` parameter of `getpass.getpass` has no effect in a kernel", UserWarning, stacklevel=2
        )
    return _ask(str(prompt), password=True)


def install(builtins):
    """Put both in place of the originals."""
    import getpass as module

    builtins.input = input
    module.getpass = getpass


def _not_implemented(message):
    # IPython's own class where it is loaded: its magics go on without an answer when they see it.
    ipython = sys.modules.get("IPython.core.error")
    return getattr(ipython, "StdinNotImplementedError", StdinNotImplementedError)(message)


def _ask(prompt, password):
    _everloop.flush_streams()
    try:
        answer = _everloop.ask(prompt, password)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("Interrupted by user") from None
    if answer == "\x04":
        # What a console sends for Ctrl-D.
        raise EOFError
    return answer
