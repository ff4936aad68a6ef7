"""What the interpreter thread runs, from start to shutdown."""

import builtins
import os
import sys

import _everloop
from everloop import environment, executable, process, tracebacks
from everloop.ipython import loading

#: Seconds after the start in which the first cell of a front end that was waiting for the kernel arrives.
_PATIENCE = 0.3


def main():
    """Set the interpreter up, then run the loop until the kernel shuts down."""
    executable.correct()
    _set_up_environment()
    loop, shell = _make_shell()
    _install_streams(loop)
    loading.begin(shell)
    _everloop.start(loop, shell)
    _finish_set_up()
    loop.call_later(_PATIENCE, _prepare_lookups)
    _run(loop)
    process.say_farewell(shell.user_ns)


def _make_shell():
    from everloop.early_loop import EarlyLoop
    from everloop.shell import Shell

    loop = EarlyLoop()
    _take_interrupts()
    return loop, Shell(loop)


def _take_interrupts():
    # Not `signal`, which brings `enum`. It takes its names from here, and `asyncio.Runner` asks whether SIGINT is still the
    # default's, which has to be ours.
    import _signal

    _signal.default_int_handler = _everloop.default_int_handler
    _signal.signal(_signal.SIGINT, _everloop.default_int_handler)
    _signal.signal(_signal.SIGURG, _everloop.kicked)
    _everloop.take_signals()


def _install_streams(loop):
    from everloop import comms, compat, display, handlers, stdin, streams

    handlers.install(loop)
    comms.install()
    compat.install()
    compat.signals.show_what_handlers_raise()
    process.install()
    streams.install()
    display.install(builtins)
    _install_site_builtins()
    stdin.install(builtins)


def _install_site_builtins():
    # What the module `site` adds, which an embedded interpreter does not import.
    from _sitebuiltins import _Helper

    builtins.help = _Helper()


def _finish_set_up():
    from everloop import interrupts
    from everloop.compat import interruptible
    from everloop.compat.imports import after_import
    from everloop.parent import bind_executors

    after_import("concurrent.futures.thread", bind_executors)
    interruptible.install()
    interrupts.install()


def _prepare_lookups():
    # Here and not on the thread that looks up, whose imports a cell would meet.
    from everloop.lookups import answers  # noqa: F401

    _everloop.give_memory_back()


def _set_up_environment():
    # As ipykernel: colours, and no pager that would wait for a key.
    for name, value in (
        ("TERM", "xterm-color"),
        ("CLICOLOR", "1"),
        ("FORCE_COLOR", "1"),
        ("CLICOLOR_FORCE", "1"),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
    ):
        os.environ[name] = value
    sys.path[:0] = [""]
    environment.activate()
    environment.add_commands()


def _run(loop):
    while not _everloop.is_shutting_down():
        try:
            loop.run_forever()
        except KeyboardInterrupt:
            # It was meant for a background task, which has it now.
            continue
        except BaseException as error:
            # A background task or a callback wants to end the process, which is the front end's to decide.
            tracebacks.show(error)
