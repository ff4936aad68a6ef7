"""Disks that are full and files that are not as they should be."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from client import Kernel

from reliability.faults.outcome import Outcome, finish, started


class CannotMount(Exception):
    """Only root can, and not in every container."""


@contextmanager
def small_disk(megabytes: int = 1) -> Iterator[Path]:
    """A file system of its own."""
    with TemporaryDirectory() as directory:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", directory]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CannotMount(str(error)) from error
        try:
            yield Path(directory)
        finally:
            subprocess.run(["umount", "--lazy", directory], check=True)


def fill(directory: Path) -> Path:
    """The last byte of a disk is taken."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def log_of(kernel: Kernel) -> str:
    return Path(kernel.log.name).read_text(errors="replace")


def warnings_of(kernel: Kernel) -> int:
    """Lines of the kernel's log that speak of the history."""
    return sum("history" in line.lower() and "WARN" in line.upper() for line in log_of(kernel).splitlines())


def run_numbered(kernel: Kernel, numbers: range) -> tuple[int, int]:
    """Cells that are sent, and those that were answered wrongly or not."""
    lost = 0
    for number in numbers:
        try:
            lost += kernel.run(f"{number} # {'x' * 2000}").result != str(number)
        except AssertionError:
            lost += 1
    return len(numbers), lost


def remembered(kernel: Kernel, numbers: range) -> int:
    """How many of these cells the history has."""
    request = kernel.request(
        "history_request", {"hist_access_type": "tail", "n": 1000, "raw": True, "output": False, "session": 0}
    )
    texts = [entry[2] for entry in request.wait().reply["history"]]
    return sum(any(text.startswith(f"{number} #") for text in texts) for number in numbers)


def history_disk_full(name: str) -> Outcome:
    """The disk of the history is full while cells run, and has space again."""
    with small_disk() as disk, started(name, {"IPYTHONDIR": str(disk / "ipython")}) as kernel:
        kernel.ok("get_ipython();")
        remembered(kernel, range(0))
        ballast = fill(disk)
        sent, lost = run_numbered(kernel, range(100, 160))
        # Who asks for the history has it written: the cells may all have run before that.
        remembered(kernel, range(0))
        ballast.unlink()
        more, lost_later = run_numbered(kernel, range(200, 220))
        kept = remembered(kernel, range(100, 160)), remembered(kernel, range(200, 220))
        outcome = Outcome(sent + more, lost + lost_later)
        text = f"warnings: {warnings_of(kernel)}; the history knows {kept[0]} of 60 cells, and {kept[1]} of 20 after there was space"
        return finish(outcome, kernel, text)


def history_corrupt(name: str) -> Outcome:
    return _history(name, lambda file: file.write_bytes(b"this is no database " * 1000))


def history_read_only(name: str) -> Outcome:
    """A file system that is read-only, since root may write to every file."""
    with small_disk(4) as disk:
        _make_history(disk / "ipython" / "profile_default" / "history.sqlite")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        return _cells_with_history(name, disk / "ipython")


def history_removed(name: str) -> Outcome:
    """The directory goes while the kernel runs."""
    with TemporaryDirectory() as directory:
        ipython = Path(directory) / "ipython"
        with started(name, {"IPYTHONDIR": str(ipython)}) as kernel:
            kernel.ok("get_ipython();")
            subprocess.run(["rm", "-rf", str(ipython)], check=True)
            outcome = Outcome(*run_numbered(kernel, range(100, 120)))
            kept = remembered(kernel, range(100, 120))
            return finish(outcome, kernel, f"warnings: {warnings_of(kernel)}; the history knows {kept} of 20 cells")


def history_locked(name: str) -> Outcome:
    """Another process holds the file and does not give it back."""
    with TemporaryDirectory() as directory:
        ipython = Path(directory)
        file = ipython / "profile_default" / "history.sqlite"
        _make_history(file)
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            return _cells_with_history(name, ipython)
        finally:
            connection.close()


def _make_history(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS other (x)")
    connection.close()


def _history(name: str, spoil: Callable[[Path], object]) -> Outcome:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "profile_default" / "history.sqlite"
        file.parent.mkdir()
        spoil(file)
        return _cells_with_history(name, Path(directory))


def _cells_with_history(name: str, ipython: Path) -> Outcome:
    with started(name, {"IPYTHONDIR": str(ipython)}) as kernel:
        outcome = Outcome(*run_numbered(kernel, range(100, 120)))
        kept = remembered(kernel, range(100, 120))
        return finish(outcome, kernel, f"warnings: {warnings_of(kernel)}; the history knows {kept} of 20 cells")


#: What a kernel may find instead of a place for its files.
PLACES = ("no HOME", "HOME that is read-only", "/tmp that is full", "no /tmp")

_IN_NAMESPACE = ("unshare", "--mount", "sh", "-c")


def without_a_place(name: str, place: str) -> Outcome:
    """Starts it there, with the variables that name other places taken away."""
    own = {"IPYTHONDIR": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    with TemporaryDirectory(dir="/var/tmp") as directory:
        if place == "no HOME":
            wrapper = ("env", "--unset=HOME", *(f"--unset={variable}" for variable in own))
        elif place == "HOME that is read-only":
            home = f"{directory}/home"
            os.mkdir(home)
            script = f'mount -t tmpfs -o ro tmpfs {home} && HOME={home} exec "$@"'
            wrapper = (*_IN_NAMESPACE, script, "sh", "env", *(f"--unset={variable}" for variable in own))
        else:
            # The connection file lies elsewhere: without it there is nothing to connect to.
            options = "size=64k" if place == "/tmp that is full" else "ro"
            filling = "head -c 1000000 /dev/zero > /tmp/ballast 2>/dev/null;" if place == "/tmp that is full" else ""
            # A binary that lies there is taken along.
            along = f'case "$1" in /tmp/*) cp "$1" {directory}/; it={directory}/${{1##*/}}; shift; set -- "$it" "$@";; esac;'
            script = f'{along} mount -t tmpfs -o {options} tmpfs /tmp && {{ {filling} exec "$@"; }}'
            wrapper = (*_IN_NAMESPACE, script, "sh")
        return _start_there(name, wrapper, directory)


def _start_there(name: str, wrapper: tuple[str, ...], directory: str) -> Outcome:
    before = tempfile.tempdir
    # Where jupyter_client puts the connection file, and this process nothing else.
    tempfile.tempdir = directory
    try:
        kernel = Kernel(name, cwd=Path(directory), wrapper=wrapper)
    finally:
        tempfile.tempdir = before
    try:
        kernel.ready()
        outcome = Outcome(*run_numbered(kernel, range(5)))
        return finish(outcome, kernel, f"lines in its log: {len(log_of(kernel).splitlines())}")
    finally:
        kernel.close()
