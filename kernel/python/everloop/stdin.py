"""``input()`` and ``getpass.getpass()``: questions to the front end that sent the cell.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel
"""

import _everloop


class StdinNotImplementedError(NotImplementedError):
    """The front end said (``allow_stdin`` false) that it cannot be asked."""


def input(prompt="", /):
    """Ask the front end for a line of text; the end-of-file character raises EOFError."""
    if not _everloop.allow_stdin():
        raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")
    return _ask(str(prompt), password=False)


def getpass(prompt="Password: ", stream=None, *, echo_char=None):
    """Ask the front end for a line of text that it does not show. `stream` and `echo_char` are the front end's affair."""
    if not _everloop.allow_stdin():
        raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")
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
