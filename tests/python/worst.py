"""What tests of user code at its worst ask of a kernel: the cell is answered, and so is the next one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from client import LIMIT, Kernel, Request, plain


def each(names: str | tuple[str, ...], cases: Mapping[str, object]) -> pytest.MarkDecorator:
    """Runs a test once for each of `cases`, which have their keys as names."""
    return pytest.mark.parametrize(names, list(cases.values()), ids=list(cases))


def how_it_ended(cell: Request) -> str:
    """``ok``, or the name of the exception that ended the cell."""
    reply = cell.reply
    return reply["ename"] if reply["status"] == "error" else reply["status"]


def answers(kernel: Kernel) -> bool:
    """Whether a plain cell has its value."""
    return kernel.run("6 * 7").result == "42"


def survives(kernel: Kernel, code: str, end: str = "ok", limit: float = LIMIT) -> Request:
    """Run a cell that has to end in this way, after which the kernel answers as ever."""
    cell = kernel.run(code, limit)
    assert how_it_ended(cell) == end, kernel.transcript_text()
    if end != "ok":
        assert_shown(cell)
    assert answers(kernel), kernel.transcript_text()
    return cell


def assert_shown(cell: Request) -> None:
    """Whatever was wrong with showing what ended the cell, something was shown."""
    errors = cell.published("error")
    # IPython's last resort is text.
    assert errors or "Error" in cell.stderr, cell.kernel.transcript_text()
    for error in errors:
        assert error["traceback"]
        assert all(isinstance(line, str) for line in error["traceback"])


def dies(kernel: Kernel, code: str, limit: float = 10) -> Request:
    """Run a cell that ends the process."""
    kernel.expects_death = True
    cell = kernel.submit(code)
    kernel.wait_exit(limit)
    return cell


def told_of(cell: Request) -> str:
    """What the front end was told of the end of the process under this cell: an error, a reply, and idle."""
    assert cell.error is not None, cell.kernel.transcript_text()
    assert cell.error["ename"] == "KernelDied"
    assert how_it_ended(cell) == "KernelDied"
    assert cell.is_idle
    return cell.error["evalue"] + "\n" + plain("\n".join(cell.error["traceback"]))


def log_of(kernel: Kernel) -> str:
    """What the process has written to its stderr."""
    kernel.log.flush()
    with open(kernel.log.name, encoding="utf-8", errors="replace") as log:
        return log.read()
