"""The module ``cProfile``: the same numbers as CPython's, whose own passes these tests too."""

from __future__ import annotations

import pytest
from client import Kernel

DEFINITIONS = """\
import cProfile, io, pstats, time

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def calls(profile):
    "(function, primitive calls, calls, [(caller, calls)]) of what is defined in a cell."
    profile.create_stats()
    found = {
        name: (primitive, count, sorted((caller[2], numbers[0]) for caller, numbers in callers.items()))
        for (_, _, name), (primitive, count, _, _, callers) in profile.stats.items()
        if name in ("fib", "twice", "gen", "fail")
    }
    return [(name, *found[name]) for name in sorted(found)]
"""


@pytest.fixture
def cells(kernel: Kernel) -> Kernel:
    """A kernel with `DEFINITIONS`."""
    kernel.ok(DEFINITIONS)
    return kernel


def test_calls_of_a_function_that_calls_itself(cells: Kernel) -> None:
    cells.ok("profile = cProfile.Profile()\nassert profile.runcall(fib, 5) == 5")
    assert cells.ok("calls(profile)").result == "[('fib', 1, 15, [('fib', 14)])]"


def test_callers(cells: Kernel) -> None:
    cells.ok("def twice():\n    return fib(1), fib(2)\nwith cProfile.Profile() as profile:\n    twice()")
    assert (
        cells.ok("print(calls(profile))").stdout == "[('fib', 2, 4, [('fib', 2), ('twice', 2)]), ('twice', 1, 1, [])]\n"
    )


def test_a_generator_counts_each_time_it_is_resumed(cells: Kernel) -> None:
    cells.ok("def gen():\n    yield 1\n    yield 2\nwith cProfile.Profile() as profile:\n    list(gen())")
    assert cells.ok("calls(profile)[0][:3]").result == "('gen', 3, 3)"


def test_a_function_that_raises_has_ended(cells: Kernel) -> None:
    cells.ok(
        "def fail():\n    int('x')\ndef twice():\n    for _ in range(2):\n        try:\n            fail()\n"
        "        except ValueError:\n            fib(0)"
    )
    cells.ok("profile = cProfile.Profile()\nprofile.runcall(twice)")
    assert cells.ok("print(calls(profile))").stdout == (
        "[('fail', 2, 2, [('twice', 2)]), ('fib', 2, 2, [('twice', 2)]), ('twice', 1, 1, [])]\n"
    )


def test_time_is_counted_where_it_is_spent(cells: Kernel) -> None:
    cells.ok(
        "def twice():\n    time.sleep(0.02)\n    time.sleep(0.02)\nprofile = cProfile.Profile()\nprofile.runcall(twice)"
    )
    cells.ok("profile.create_stats()\nstats = {key[2]: numbers for key, numbers in profile.stats.items()}")
    assert (
        cells.ok("sleep = stats['<built-in method time.sleep>']\nsleep[:2], sleep[2] >= 0.04").result
        == "((2, 2), True)"
    )
    assert cells.ok("stats['twice'][2] < 0.02 and stats['twice'][3] >= 0.04").result == "True"


def test_profiling_goes_on_where_it_stopped(cells: Kernel) -> None:
    cells.ok(
        "profile = cProfile.Profile()\nfor _ in range(3):\n    profile.enable()\n    fib(1)\n    profile.disable()"
    )
    assert cells.ok("calls(profile)").result == "[('fib', 3, 3, [])]"
    cells.ok("profile.clear()")
    assert cells.ok("calls(profile)").result == "[]"


def test_what_is_printed(cells: Kernel) -> None:
    lines = cells.ok("cProfile.run('fib(3)', sort='cumulative')").stdout.splitlines()
    assert lines[0].split(" in ")[0].strip() == "8 function calls (4 primitive calls)"
    assert lines[2] == "   Ordered by: cumulative time"
    names = [line.split(None, 5)[-1] for line in lines[5:] if line]
    assert sorted(name.rsplit(":", 1)[-1] for name in names) == [
        "1(<module>)",
        "3(fib)",
        "{built-in method builtins.exec}",
        "{method 'disable' of '_lsprof.Profiler' objects}",
    ]
