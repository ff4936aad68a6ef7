"""Magics that users define with ``async def``, and how the calls of magics are awaited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client import Kernel
from conftest import Shared

DEFINITIONS = """
import asyncio
from IPython.core.magic import (
    Magics, line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand, output_can_be_silenced,
    register_cell_magic, register_line_cell_magic, register_line_magic,
)

@register_line_magic
async def slow(line):
    await asyncio.sleep(0.01)
    return f"slow {line}"

@register_line_cell_magic
async def both(line, cell=None):
    await asyncio.sleep(0)
    return line, cell

@register_line_magic
@needs_local_scope
async def scope(line, local_ns):
    await asyncio.sleep(0)
    return local_ns[line]

@register_line_magic
@no_var_expand
@output_can_be_silenced
async def verbatim(line):
    await asyncio.sleep(0)
    print("ran")
    return line

@register_line_magic
async def failing(line):
    await asyncio.sleep(0)
    raise LookupError(line)

@magics_class
class Mine(Magics):
    @line_magic
    async def method(self, line):
        await asyncio.sleep(0)
        return "method", line

    @line_cell_magic("named")
    async def _named(self, line, cell=None):
        await asyncio.sleep(0)
        return "named", line, cell

get_ipython().register_magics(Mine)
x = 5
"""

only_here = pytest.mark.everloop_only("IPython calls magics and does not await them")


@pytest.fixture
def cells(kernel: Kernel, shared: Shared) -> Iterator[Kernel]:
    """A kernel with `DEFINITIONS`."""
    if not getattr(kernel, "has_definitions", False):
        kernel.ok(DEFINITIONS)
        kernel.has_definitions = True
    yield kernel
    kernel.ok("%autoawait asyncio\n%autoawait True")


# -- magics that users define


@only_here
@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("%slow $x {x + 1}", "'slow 5 6'"),
        ("value = %slow hello\nvalue", "'slow hello'"),
        ("%both a $x", "('a 5', None)"),
        ("%%both a $x\nbody $x", "('a 5', 'body $x\\n')"),
        ("%scope x", "5"),
        ("%verbatim $x", "'$x'"),
        ("%method 1", "('method', '1')"),
        ("%named 1", "('named', '1', None)"),
        ("%%named 1\n2", "('named', '1', '2\\n')"),
        ('[get_ipython().run_line_magic("slow", "in a list"), 1][0]', "'slow in a list'"),
        ("with open('/dev/null') as f:\n    for _ in range(1):\n        value = %slow nested\nvalue", "'slow nested'"),
        ("async def f(argument):\n    value = %slow $argument\n    return value\nawait f(7)", "'slow 7'"),
    ],
)
def test_an_async_magic_is_awaited(cells: Kernel, code: str, result: str | None) -> None:
    assert cells.ok(code).result == result


@only_here
def test_a_semicolon_silences_a_magic_that_allows_it(cells: Kernel) -> None:
    cell = cells.ok("%verbatim $x;")
    assert (cell.stdout, cell.result) == ("ran\n", None)


def test_who_awaits_an_async_magic_already_still_can(cells: Kernel) -> None:
    assert cells.ok('await get_ipython().run_line_magic("slow", "a")').result == "'slow a'"
    assert cells.ok('async def g():\n    return await get_ipython().run_line_magic("slow", "b")\nawait g()').result == (
        "'slow b'"
    )


def test_an_awaitable_that_a_magic_returns_is_its_value(cells: Kernel) -> None:
    cells.ok("@register_line_magic\ndef started(line):\n    return asyncio.ensure_future(asyncio.sleep(0, line))")
    assert cells.ok("task = %started a\n(isinstance(task, asyncio.Task), await task)").result == "(True, 'a')"


@only_here
def test_an_alias_of_an_async_magic_is_awaited(cells: Kernel) -> None:
    cells.ok("%alias_magic slower slow -p very")
    assert cells.ok("%slower much").result == "'slow very much'"


@only_here
def test_the_loop_goes_on_while_a_magic_waits(cells: Kernel) -> None:
    cells.ok(
        "event = asyncio.Event()\n@register_line_magic\nasync def wait(line):\n    await event.wait()\n    return 1"
    )
    cells.ok("asyncio.get_running_loop().call_later(0.05, event.set)")
    assert cells.ok("%wait").result == "1"


@only_here
def test_the_traceback_of_an_async_magic_has_the_users_frames_alone(cells: Kernel) -> None:
    cell = cells.run("%failing that")
    assert cell.error["ename"] == "LookupError"
    assert "raise LookupError(line)" in cell.traceback
    assert "run_line_magic('failing', 'that')" in cell.traceback
    assert "everloop" not in cell.traceback
    assert "run_line_magic_async" not in cell.traceback


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("%nothing x", "UsageError: Line magic function `%nothing` not found."),
        (
            "%%slow\nx",
            "UsageError: Cell magic `%%slow` not found (But line magic `%slow` exists, did you mean that instead?).",
        ),
        (
            "%%both",
            "UsageError: %%both is a cell magic, but the cell body is empty. "
            "Did you mean the line magic %both (single %)?",
        ),
    ],
)
def test_the_messages_are_ipythons(cells: Kernel, code: str, message: str) -> None:
    cell = cells.run(code)
    assert cell.reply["status"] == "error"
    assert cell.stderr == f"{message}\n"


def test_without_autoawait_magics_are_called_and_not_awaited(cells: Kernel) -> None:
    code = "%autoawait False\ncoroutine = %slow x\nasyncio.iscoroutine(coroutine), coroutine.close()"
    assert cells.ok(code).result == "(True, None)"


@only_here
def test_autoawait_counts_from_the_next_statement_on(cells: Kernel) -> None:
    assert cells.ok("%autoawait False\n%autoawait True\n%slow x").result == "'slow x'"


@only_here
def test_cells_that_a_cell_runs_await_their_magics(cells: Kernel) -> None:
    cells.ok('get_ipython().run_cell("inner = %slow inside")')
    assert cells.ok("inner").result == "'slow inside'"
