"""``input()`` and ``getpass.getpass()``, and ``await ainput()`` and ``await agetpass()``: questions to the front end
that sent the cell. Each front end is asked one question at a time, in the order of the calls.

https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel
"""

import sys

import _everloop
from everloop.compat.imports import after_import


class StdinNotImplementedError(NotImplementedError):
    """The front end said (``allow_stdin`` false) that it cannot be asked, or there is none."""


def input(prompt="", /):
    """Ask the front end for a line of text; the end-of-file character raises EOFError."""
    _check("input", "raw_input")
    return _ask(str(prompt), password=False)


def getpass(prompt="Password: ", stream=None, *, echo_char=None):
    """Ask the front end for a line of text that it does not show. `stream` and `echo_char` are the front end's affair."""
    _check("getpass", "getpass")
    if stream is not None:
        import warnings

        warnings.warn(
            "The `stream` parameter of `getpass.getpass` has no effect in a kernel", UserWarning, stacklevel=2
        )
    return _ask(str(prompt), password=True)


async def ainput(prompt="", /):
    """Ask the front end for a line of text and await it; the end-of-file character raises EOFError.

    Other tasks go on meanwhile. Cancelling the task that awaits forgets the question. Two that ask at once are asked in
    turn: the second question appears when the first one is answered or forgotten. A background task asks the front end
    that sent the cell which started it, also when that cell has ended.
    """
    _check("ainput", "ainput")
    return await _ask_later("ainput", str(prompt), password=False)


async def agetpass(prompt="Password: ", /):
    """As :func:`ainput`, for a line of text that the front end does not show."""
    _check("agetpass", "agetpass")
    return await _ask_later("agetpass", str(prompt), password=True)


def install(builtins):
    """Put `input` and `getpass` in the place of the originals, and the others beside ``input``."""
    builtins.input = input
    builtins.ainput = ainput
    builtins.agetpass = agetpass
    after_import("getpass", lambda module: setattr(module, "getpass", getpass))


def _check(name, known_as):
    # `known_as` is what ipykernel calls it.
    allowed = _everloop.allow_stdin()
    if allowed is None:
        raise _not_implemented(
            f"{name} was called where no cell runs, by a comm's handler say: no front end can be asked."
        )
    if not allowed:
        raise _not_implemented(f"{known_as} was called, but this frontend does not support input requests.")


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
    return _checked(answer)


async def _ask_later(name, prompt, password):
    future = _loop_of_task(name).create_future()
    _everloop.flush_streams()
    question = _everloop.Question(future, prompt, password)
    try:
        answer = await future
    finally:
        question.forget()
    return _checked(answer)


def _loop_of_task(name):
    import asyncio

    # trio's and curio's tasks run as guests: the loop runs, and none of its tasks does.
    if asyncio._get_running_loop() is None or asyncio.current_task() is None:
        raise RuntimeError(
            f"{name}() has to be awaited by a task of asyncio. With trio: await trio.to_thread.run_sync(input, prompt); "
            "with curio: await curio.run_in_thread(input, prompt)"
        )
    return asyncio.get_running_loop()


def _checked(answer):
    if answer == "\x04":
        # What a console sends for Ctrl-D.
        raise EOFError
    return answer
