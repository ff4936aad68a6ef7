"""What came of a fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from client import Kernel

from reliability import process

#: Seconds after which a kernel that has not answered is taken for one that will not.
SILENT = 15.0


@dataclass
class Outcome:
    """A row of the table."""

    #: Requests, or lines that were printed, and how many of them were not answered, or not seen.
    sent: int = 0
    lost: int = 0
    #: The largest RSS in MB.
    memory: float = 0.0
    #: Seconds from the end of the fault to the answer to a cell; None if there was none.
    again: float | None = None
    #: What a person would say of it.
    happened: str = ""


@contextmanager
def started(name: str, env: dict[str, str] | None = None, wrapper: tuple[str, ...] = ()) -> Iterator[Kernel]:
    """A kernel that reads and writes nothing of the person who runs this."""
    with TemporaryDirectory(prefix="fault-") as directory:
        own = {f"XDG_{kind}_HOME": directory for kind in ("DATA", "CONFIG", "CACHE")}
        kernel = Kernel(name, Path(directory), {"IPYTHONDIR": f"{directory}/ipython", **own, **(env or {})}, wrapper)
        try:
            yield kernel.ready()
        finally:
            kernel.close()


def again(kernel: Kernel, limit: float = SILENT) -> float | None:
    """Seconds until a cell is answered."""
    begun = time.monotonic()
    try:
        cell = kernel.run("6 * 7", limit, store_history=False)
    except AssertionError:
        return None
    return time.monotonic() - begun if cell.result == "42" else None


def finish(outcome: Outcome, kernel: Kernel, happened: Callable[[Outcome], str] | str = "") -> Outcome:
    """Asks a last cell."""
    outcome.again = again(kernel)
    if kernel.exit_code is None:
        outcome.memory = process.peak(kernel.pid)
    if outcome.again is None:
        outcome.happened = "it is dead" if kernel.exit_code is not None else "it does not answer"
    else:
        outcome.happened = happened(outcome) if callable(happened) else happened
    return outcome
