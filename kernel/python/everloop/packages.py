"""``%pip``: pip, run by everloop, for the packages of the kernel's own.

https://pip.pypa.io/
"""

import contextlib
import importlib.util
import os
import shlex
import sys

from everloop import environment
from everloop.magics.system_interrupt import until_ended
from everloop.magics.system_terminal import TerminalCommand

#: Nobody can answer pip's questions: who wants to uninstall a package is taken at his word.
_ANSWERS = ("PIP_NO_INPUT=1", "PIP_YES=1")


class PipFailed(Exception):
    """pip did not do what it was asked for, and has said why; shown as one line."""

    def _render_traceback_(self):
        return [f"PipFailed: {self}"]


async def pip(arguments):
    """Run pip with `arguments`, the text of a command line, and show what it writes as it comes.

    What it installed can be imported at once.

    Raises:
        PipFailed: it ended with an error, or could not be run.
    """
    environment.refresh()
    _refuse_if_impossible()
    before = _installed()
    command = TerminalCommand(shlex.join(["env", *_ANSWERS, *_pip()]) + " " + arguments, sys.stdout.write)
    is_interrupted = await until_ended(command)
    environment.refresh()
    _say_what_is_outdated(before)
    if is_interrupted:
        raise KeyboardInterrupt("pip was interrupted")
    status = command.ended.result()
    if status != 0:
        raise PipFailed(f"pip ended with exit code {status}")


@contextlib.contextmanager
def own_pip(text):
    """Around a command with this `text`: ``pip`` in it is the kernel's, and what that installs can be imported at once."""
    if "pip" not in text:
        yield
        return
    _write_commands()
    try:
        yield
    finally:
        environment.refresh()


def _write_commands():
    """Put ``pip`` among the commands of the prefix, unless it is there; nothing where that cannot be written."""
    script = f'#!/bin/sh\nexec {shlex.join(_pip())} "$@"\n'
    for name in ("pip", "pip3"):
        path = os.path.join(sys.prefix, "bin", name)
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "x", encoding="utf-8", opener=_executable) as file:
                file.write(script)


def _executable(path, flags):
    return os.open(path, flags, 0o777)


def _pip():
    # Of versions that are older than this Python, each file that is compiled would be warned of.
    return [sys.executable, "-Wignore::SyntaxWarning", "-m", "pip"]


def _refuse_if_impossible():
    if environment.was_removed():
        raise PipFailed(
            f"the environment of this kernel, {environment.directory()}, was removed: "
            "`everloop install` in another one gives the kernel that"
        )
    if importlib.util.find_spec("pip") is None:
        raise PipFailed(
            "pip is not in the environment of this kernel: any other pip puts it there, "
            f"by `python3 -m pip --python {shlex.quote(sys.executable)} install pip`"
        )


def _installed():
    """The packages that pip has installed, by the directory of their metadata, and when that was written."""
    found = {}
    for directory in environment.own_site_packages():
        try:
            entries = list(os.scandir(directory))
        except OSError:
            continue
        for entry in entries:
            if entry.name.endswith(".dist-info"):
                found[entry.path] = entry.stat().st_mtime_ns
    return found


def _say_what_is_outdated(before):
    changed = [path for path, time in _installed().items() if before.get(path) != time]
    outdated = sorted({name for path in changed for name in _modules_of(path)} & {*sys.modules.copy()})
    if outdated:
        names = ", ".join(outdated)
        print(f"Note: the kernel has older versions of these in use until it is restarted: {names}")


def _modules_of(metadata):
    """The names of the modules at the top of the package whose metadata lies in this directory."""
    path = os.path.join(metadata, "RECORD")
    if not os.path.exists(path):
        # pip writes it last, and may have failed before.
        return set()
    with open(path, encoding="utf-8") as record:
        files = [line.split(",", 1)[0] for line in record]
    return {file.partition("/")[0].removesuffix(".py") for file in files if file.endswith(".py")}
