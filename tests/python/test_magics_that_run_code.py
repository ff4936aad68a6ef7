"""IPython's magics that run code, with code that awaits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from client import Kernel, Request
from conftest import Shared

DEFINITIONS = """
import asyncio, sys
from IPython.core.magic import register_line_magic
from IPython.display import display

x = 5

@register_line_magic
async def slow(line):
    await asyncio.sleep(0.01)
    return f"slow {line}"

async def give(value=None):
    await asyncio.sleep(0)
    return value

ticks = 0
async def tick():
    global ticks
    while True:
        ticks += 1
        print("tick")
        await asyncio.sleep(0.001)

async def ticked():
    "Returns when the task of another cell has run three times."
    goal = ticks + 3
    while ticks < goal:
        await asyncio.sleep(0)
    return "ticked"
"""

DURATION = r"[\d.]+(?:e\+\d+)? (?:s|ms|μs|ns)"
TIMES = rf"CPU times: user {DURATION}, sys: {DURATION}, total: {DURATION}\nWall time: {DURATION}\n"
LOOPS = rf"{DURATION} ± {DURATION} per loop \(mean ± std\. dev\. of (\d+) runs?, ([\d,]+) loops? each\)"
PROFILE = (
    r" +\d+ function calls(?: \(\d+ primitive calls\))? in \d+\.\d{3} seconds\n\n   Ordered by: internal time\n\n"
    r" +ncalls  tottime  percall  cumtime  percall filename:lineno\(function\)\n"
)

only_here = pytest.mark.everloop_only("IPython calls magics and does not await them")


@pytest.fixture
def cells(kernel: Kernel, shared: Shared) -> Iterator[Kernel]:
    """A kernel with `DEFINITIONS`."""
    if not getattr(kernel, "has_definitions", False):
        kernel.ok(DEFINITIONS)
        kernel.has_definitions = True
    yield kernel
    kernel.ok("%autoawait asyncio\n%autoawait True")


# -- %time


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("%time 1 + 1", "2"),
        ("%time 1 + 1;", None),
        ("%time y = 3", None),
        ("value = %time x\nvalue", "5"),
        ("%%time\ny = 1\ny + x", "6"),
        ("%%time\ny = 1", None),
        pytest.param("%time await give(1)", "1", marks=only_here),
        pytest.param("%time await give(1);", None, marks=only_here),
        pytest.param("%time y = await give(3)", None, marks=only_here),
        pytest.param("value = %time await give(x)\nvalue", "5", marks=only_here),
        pytest.param("%%time\ny = await give(1)\ny + x", "6", marks=only_here),
        pytest.param("%%time\ny = 1\nawait give(y) + x", "6", marks=only_here),
        pytest.param("%%time\nasync with asyncio.Lock() as y:\n    pass", None, marks=only_here),
        pytest.param("%time [await give(n) for n in range(3)]", "[0, 1, 2]", marks=only_here),
        pytest.param(
            "def f(local):\n    value = %time await give(local)\n    return value\nf(9)", "9", marks=only_here
        ),
        pytest.param(
            "async def f(local):\n    value = %time await give(local)\n    return value\nawait f(9)",
            "9",
            marks=only_here,
        ),
        pytest.param('get_ipython().run_line_magic("time", "await give(7)")', "7", marks=only_here),
        pytest.param('[get_ipython().run_line_magic("time", "await give(7)") for _ in "a"]', "[7]", marks=only_here),
    ],
)
def test_time(cells: Kernel, code: str, result: str | None) -> None:
    cell = cells.ok(code)
    assert re.fullmatch(TIMES, cell.stdout), cell.stdout
    assert cell.result == result


@pytest.mark.parametrize("code", ["%time 1 / 0", pytest.param("%time 1 / (await give(0))", marks=only_here)])
def test_what_is_timed_may_fail(cells: Kernel, code: str) -> None:
    cell = cells.run(code)
    assert re.fullmatch(TIMES, cell.stdout), cell.stdout
    lines = cell.traceback.splitlines()
    assert [line for line in lines if line.startswith(("Cell", "File"))] == [
        f"Cell In[{cell.reply['execution_count']}], line 1",
        "File <timed eval>:1",
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    "code",
    ["%time --no-raise-error 1 / 0", pytest.param("%time --no-raise-error 1 / (await give(0))", marks=only_here)],
)
def test_what_is_timed_may_fail_in_silence(cells: Kernel, code: str) -> None:
    cell = cells.ok(code)
    assert re.fullmatch(TIMES, cell.stdout), cell.stdout
    assert cell.error is None


@pytest.mark.parametrize(
    ("code", "stderr"),
    [
        ("%%time x\n1", "UsageError: Can't use statement directly after '%%time'!\n"),
        ("%%time x\nawait give()", "UsageError: Can't use statement directly after '%%time'!\n"),
        ("%time %nothing", "UsageError: Line magic function `%nothing` not found.\n"),
    ],
)
def test_wrong_arguments(cells: Kernel, code: str, stderr: str) -> None:
    cell = cells.run(code)
    assert (cell.reply["status"], cell.stderr) == ("error", stderr)


@pytest.mark.parametrize("magic", ["time", "timeit", "prun"])
@pytest.mark.parametrize("code", ["await give(", "return await give()", "x = = await give()"])
def test_code_that_is_none(cells: Kernel, magic: str, code: str) -> None:
    cell = cells.run(f"%{magic} {code}")
    assert cell.error["ename"] in ("SyntaxError", "_IncompleteInputError")
    assert "everloop/magics" not in cell.traceback
    assert "_async" not in cell.traceback.replace("run_cell_async", "")


@pytest.mark.parametrize(
    "code", ["%time await give()", "%timeit await give()", "%%time\nawait give()", "%prun await give()"]
)
def test_without_autoawait_nothing_awaits(cells: Kernel, code: str) -> None:
    cells.ok("%autoawait False")
    cell = cells.run(code)
    assert cell.error["ename"] == "SyntaxError"
    assert "'await' outside function" in cell.traceback


@only_here
@pytest.mark.parametrize(
    "code", ["%time await nap()", "def f():\n    %time await nap()\nf()", "%time %time await nap()"]
)
@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_ends_what_is_timed(cells: Kernel, code: str, how: str) -> None:
    cells.ok("async def nap():\n    print('in', end='')\n    await asyncio.sleep(60)")
    cell = cells.submit(code)
    cells.until(lambda: "in" in cell.stdout or cell.is_idle, "the nap")
    cells.interrupt(how)
    cell.wait()
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert re.fullmatch(f"in(?:{TIMES}){{{code.count('%')}}}", cell.stdout), cell.stdout


# -- %timeit


@pytest.mark.parametrize(
    ("code", "runs", "loops"),
    [
        ("%timeit -n 2 -r 3 x + 1", "3", "2"),
        ("%timeit -n2000 -r1 x", "1", "2,000"),
        ("%%timeit -n 2 -r 1 y = 2\ny + x\ny", "1", "2"),
        pytest.param("%timeit -n 2 -r 3 await give(1)", "3", "2", marks=only_here),
        pytest.param("%timeit -t -n2000 -r1 await give(x)", "1", "2,000", marks=only_here),
        pytest.param("%timeit -c -n 1 -r 2 await give(x)", "2", "1", marks=only_here),
        pytest.param("%%timeit -n 2 -r 1 y = await give(2)\ny + await give(x)\ny", "1", "2", marks=only_here),
        pytest.param("def f(local):\n    %timeit -n 2 -r 1 await give(local)\nf(1)", "1", "2", marks=only_here),
    ],
)
def test_timeit(cells: Kernel, code: str, runs: str, loops: str) -> None:
    cell = cells.ok(code)
    lines = cell.stdout.splitlines()
    assert (match := re.fullmatch(LOOPS, lines[-1])), cell.stdout
    assert match.groups() == (runs, loops)
    # Of so few loops one may well be slow.
    assert all(re.match(r"The slowest run took \d+\.\d\d times longer than the fastest\.", line) for line in lines[:-1])
    assert cell.result is None


@pytest.mark.parametrize("statement", ["x", pytest.param("await give(x)", marks=only_here)])
def test_the_result_of_timeit(cells: Kernel, statement: str) -> None:
    cell = cells.ok(f"%timeit -o -q -n 2 -r 3 -v kept {statement}")
    assert cell.stdout == ""
    assert re.fullmatch(rf"<TimeitResult : {LOOPS}>", cell.result)
    assert cells.ok("kept.loops, kept.repeat, len(kept.all_runs), kept.best <= kept.worst").result == "(2, 3, 3, True)"


@only_here
def test_timeit_finds_the_number_of_loops(cells: Kernel) -> None:
    cells.ok("result = %timeit -o -q -r 1 await asyncio.sleep(0.03)")
    assert cells.ok("result.loops").result == "10"
    assert cells.ok("0.03 <= result.average < 0.06").result == "True"


@only_here
def test_timeit_measures_no_awaiting_of_its_own(cells: Kernel) -> None:
    cells.ok("class Ready:\n    def __await__(self):\n        return iter(())\nready = Ready()")
    cells.ok("awaited = %timeit -o -q -n 2000 -r 20 await ready")
    cells.ok("called = %timeit -o -q -n 2000 -r 20 iter(ready.__await__())")
    assert float(cells.ok("awaited.best / called.best").result) < 3


def test_timeit_of_nothing(cells: Kernel) -> None:
    cell = cells.ok("%timeit")
    assert (cell.stdout, cell.stderr) == ("", "")


# -- %prun


def page(cell: Request) -> str:
    (payload,) = cell.reply["payload"]
    assert payload["source"] == "page"
    return payload["data"]["text/plain"]


@pytest.mark.parametrize("code", ["%prun work(1)", pytest.param("%prun work(await give(1))", marks=only_here)])
def test_prun(cells: Kernel, code: str) -> None:
    cells.ok("def work(n):\n    return sum(i for i in range(n))")
    cell = cells.ok(code)
    assert cell.stdout == " "
    assert re.match(PROFILE, page(cell)), page(cell)
    assert re.search(r"\n +1 .* .*:1\(work\)\n", page(cell)), page(cell)
    assert re.search(r"\n +1 .* \{built-in method builtins\.sum\}", page(cell)), page(cell)


@pytest.mark.parametrize("statement", ["work(9)", pytest.param("work(await give(9))", marks=only_here)])
def test_options_of_prun(cells: Kernel, statement: str) -> None:
    cells.ok("def work(n):\n    return sum(i for i in range(n))")
    cell = cells.ok(f"%prun -s cumulative -l work {statement}")
    assert "Ordered by: cumulative time\n" in page(cell)
    assert re.search(r"List reduced from \d+ to 1 due to restriction <'work'>", page(cell))
    cell = cells.ok(f"stats = %prun -q -r -T profile.txt -D profile.dat {statement}")
    assert cell.reply["payload"] == []
    assert cell.stdout == (
        " \n*** Profile stats marshalled to file 'profile.dat'.\n"
        "\n*** Profile printout saved to text file 'profile.txt'.\n"
    )
    read = "import pstats\npstats.Stats('profile.dat').total_calls == stats.total_calls > 10"
    assert cells.ok(read).result == "True"
    assert cells.ok("'(work)' in open('profile.txt').read()").result == "True"


@only_here
def test_other_tasks_are_not_profiled(cells: Kernel) -> None:
    cells.ok("task = asyncio.create_task(tick())")
    cell = cells.ok("%prun await ticked()\n_ = task.cancel()")
    assert "(ticked)" in page(cell)
    assert "(tick)" not in page(cell)


@only_here
def test_exit_while_profiling(cells: Kernel) -> None:
    cell = cells.ok("%prun -q await give(); raise SystemExit")
    assert cell.stdout == "*** SystemExit exception caught in code being profiled. "


@only_here
@pytest.mark.parametrize("code", ["%%prun -q\ny = await give(8)", "%%prun -q y = await give(7)\ny += await give(1)"])
def test_profiled_cells(cells: Kernel, code: str) -> None:
    cells.ok(code)
    assert cells.ok("y").result == "8"


# -- %%capture, %rerun, macros, %%code_wrap


@pytest.mark.parametrize("statement", ["5", pytest.param("await give(5)", marks=only_here)])
def test_capture(cells: Kernel, statement: str) -> None:
    body = f"print('out')\nprint('err', file=sys.stderr)\ndisplay(1)\n{statement}"
    cell = cells.ok(f"%%capture all\n{body}")
    assert cell.published("stream", "display_data", "execute_result") == []
    shown = "(all.stdout, all.stderr, [o.data['text/plain'] for o in all.outputs])"
    assert cells.ok(shown).result == "('out\\n', 'err\\n', ['1', '5'])"
    cell = cells.ok(f"%%capture --no-stderr --no-display all\n{body}")
    assert (cell.stderr, cell.result, len(cell.published("display_data"))) == ("err\n", "5", 1)
    assert cells.ok("all.stdout").result == "'out\\n'"
    cells.ok(f"%%capture all\n{statement};")
    assert cells.ok("'all' in globals()").result == "False"


@only_here
def test_what_other_tasks_show_is_not_captured(cells: Kernel) -> None:
    ticking = cells.ok("ticks = 0\ntask = asyncio.create_task(tick())").wait_for("tick")
    cells.ok(
        "%%capture captured\nprint('mine')\nasyncio.create_task(give()).add_done_callback(lambda _: print('own'))\nawait ticked()"
    )
    cells.ok("task.cancel()")
    assert cells.ok("captured.stdout").result == "'mine\\nown\\n'"
    assert int(cells.ok("ticks").result) == ticking.stdout.count("tick")


def test_an_error_while_capturing_is_shown(cells: Kernel) -> None:
    cell = cells.run("%%capture captured\nprint('before')\n1 / 0")
    assert cell.error["ename"] == "ZeroDivisionError"
    assert cell.stdout == ""
    assert cells.ok("captured.stdout, sys.stdout is sys.__stdout__").result.startswith("('before\\n', ")


@only_here
def test_captures_inside_of_each_other(cells: Kernel) -> None:
    cells.ok(
        "%%capture outer\nprint(1)\nget_ipython().run_cell('%%capture inner\\nprint(2)\\nawait give()')\nprint(3)\nawait give()"
    )
    assert cells.ok("outer.stdout, inner.stdout").result == "('1\\n3\\n', '2\\n')"


@only_here
def test_cells_that_await_run_again(cells: Kernel) -> None:
    number = cells.ok("await give('again')").reply["execution_count"]
    cell = cells.ok(f"%rerun {number}")
    assert cell.stdout == "=== Executing: ===\nawait give('again')\n=== Output: ===\n"
    assert cell.result == "'again'"
    cells.ok(f"%macro -q once_more {number}")
    assert cells.ok("once_more").result == "'again'"


@pytest.mark.everloop_only("IPython looks at the cell's own text to see whether it awaits")
def test_code_around_every_cell(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("import asyncio")
    fresh_kernel.ok("%%code_wrap around\nprint(await asyncio.sleep(0, 'before'))\n__code__\nprint('after')\n__ret__")
    cell = fresh_kernel.ok("1 + 1")
    assert (cell.stdout, cell.result) == ("before\nafter\n", "2")
    fresh_kernel.ok("%code_wrap --remove around")
    cell = fresh_kernel.ok("1 + 1")
    assert (cell.stdout, cell.result) == ("", "2")


# -- one inside of the other


@only_here
@pytest.mark.parametrize(
    ("code", "stdout"),
    [
        ("%time %time await give()", TIMES * 2),
        ("%time %timeit -n1 -r1 await give()", rf"{LOOPS}\n{TIMES}"),
        ("%time %slow x", TIMES),
        ("%timeit -n1 -r1 %time await give()", rf"{TIMES}{LOOPS}\n"),
        ("%prun -q %time await give()", rf"{TIMES} "),
        ("%%time\n%%capture\n%time await give()", TIMES),
    ],
)
def test_nested(cells: Kernel, code: str, stdout: str) -> None:
    cell = cells.ok(code)
    assert re.fullmatch(stdout, cell.stdout), cell.stdout


@only_here
@pytest.mark.parametrize(
    "code", ["%time await ticked()", "%timeit -n1 -r1 await ticked()", "def f():\n    %time await ticked()\nf()"]
)
def test_other_tasks_go_on(cells: Kernel, code: str) -> None:
    cells.ok("task = asyncio.create_task(tick())")
    cells.ok(code)
    cells.ok("task.cancel()")


@only_here
def test_a_function_sets_context_variables_through_a_magic(cells: Kernel) -> None:
    cells.ok("import contextvars\nvariable = contextvars.ContextVar('variable', default=0)")
    cells.ok("def f():\n    %time variable.set(await give(3));\nf()")
    assert cells.ok("variable.get()").result == "3"


# -- other libraries than asyncio


@only_here
@pytest.mark.parametrize("library", ["trio", "curio"])
def test_code_of_another_library(cells: Kernel, library: str) -> None:
    cells.ok(f"import {library}\n%autoawait {library}")
    sleep = f"await {library}.sleep(0.001)"
    assert re.fullmatch(TIMES, cells.ok(f"%time _ = {sleep}").stdout)
    assert re.fullmatch(rf"{LOOPS}\n", cells.ok(f"%timeit -n 1 -r 1 {sleep}").stdout)
    assert "(sleep)" in page(cells.ok(f"%prun {sleep}"))
    cells.ok(f"%%capture captured\nprint('out')\n{sleep}")
    assert cells.ok("captured.stdout").result == "'out\\n'"
    cells.ok(f"@register_line_magic\nasync def nap(line):\n    {sleep}\n    return line")
    assert cells.ok("%nap a").result == "'a'"


@only_here
def test_trio_is_not_entered_again(cells: Kernel) -> None:
    cells.ok("import trio\n%autoawait trio\ndef f():\n    %time await trio.sleep(0)")
    assert re.fullmatch(TIMES, cells.ok("f()").stdout)
    assert cells.run("await trio.sleep(0)\nf()").error["evalue"] == (
        "trio cannot be entered again from inside one of its tasks: await the coroutine there"
    )


@only_here
def test_asyncio_goes_on_while_a_magic_awaits_trio(cells: Kernel) -> None:
    cells.ok("import trio\ntask = asyncio.create_task(tick())\n%autoawait trio\ngoal = ticks + 3")
    cells.ok("%%time\nwhile ticks < goal:\n    await trio.sleep(0)")
    cells.ok("task.cancel()")
