"""``%run``: what it does to names and arguments, and files that await."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client import IS_EVERLOOP, Kernel

CANNOT_AWAIT = "ipykernel's %run cannot await"

#: What a program sees of its surroundings, before and after `pause`.
PROGRAM = """
import sys
def surroundings():
    return [__name__, __file__, sys.argv, sys.path[0], sys.modules[__name__].__dict__ is globals()]
seen = [surroundings()]
{pause}
seen.append(surroundings())
if 'fail' in sys.argv: raise LookupError('inside')
if 'exit' in sys.argv: sys.exit(int(sys.argv[-1]))
def function(): return helper
helper = 'helped'
"""

#: The same program without and with await.
PAUSES = [
    "pass",
    pytest.param(
        "import asyncio; await asyncio.sleep(0.01)", marks=pytest.mark.everloop_only(CANNOT_AWAIT), id="awaits"
    ),
]


@pytest.fixture(params=PAUSES)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(pause=request.param))
    return path


def seen(kernel: Kernel) -> list[list[object]]:
    """What the program saw, which was the same before and after its pause."""
    before, after = json.loads(kernel.ok("import json; print(json.dumps(seen))").stdout)
    assert before == after
    return before


# -- names and arguments


def test_a_program_in_a_namespace_of_its_own(kernel: Kernel, program: Path) -> None:
    kernel.ok("import sys; saved = sys.argv, sys.path[:], sys.modules['__main__']; mine = 1")
    assert kernel.ok(f"%run {program} one 'two words'").stdout == ""
    assert seen(kernel) == ["__main__", str(program), [str(program), "one", "two words"], str(program.parent), True]
    assert kernel.ok("helper, function(), __name__, '__file__' in globals()").result == (
        "('helped', 'helped', '__main__', False)"
    )
    assert kernel.ok("saved == (sys.argv, sys.path, sys.modules['__main__'])").result == "True"
    assert kernel.ok("'mine' in function.__globals__, mine").result == "(False, 1)"


def test_a_program_as_a_module(kernel: Kernel, program: Path) -> None:
    kernel.ok(f"%run -n {program}")
    assert seen(kernel)[0] == "program"
    assert kernel.ok("import sys; 'program' in sys.modules, __name__").result == "(False, '__main__')"


def test_a_program_in_the_namespace_of_cells(kernel: Kernel, program: Path) -> None:
    kernel.ok("mine = 1")
    kernel.ok(f"%run -i {program}")
    assert seen(kernel)[0] == "__main__"
    result = kernel.ok(f"function.__globals__ is globals(), __name__, __file__ == {str(program)!r}").result
    assert result == "(True, '__main__', True)"
    kernel.ok("del __file__")


def test_wildcards(kernel: Kernel, program: Path) -> None:
    (program.parent / "a.txt").touch()
    (program.parent / "b.txt").touch()
    kernel.ok(f"%cd -q {program.parent}")
    for options, arguments, expected in (
        ("", "*.txt", ["a.txt", "b.txt"]),
        ("", "'*.txt'", ["*.txt"]),
        ("-G", "*.txt", ["*.txt"]),
    ):
        kernel.ok(f"%run {options} program.py {arguments}")
        assert sorted(seen(kernel)[2][1:]) == expected


def test_a_module(kernel: Kernel, program: Path) -> None:
    kernel.ok(f"import sys; sys.path.insert(0, {str(program.parent)!r})")
    try:
        kernel.ok("%run -m program one two")
        name, file, argv, _, is_main = seen(kernel)
        assert (name, file, argv[1:], is_main) == ("__main__", str(program), ["one", "two"], True)
    finally:
        kernel.ok("del sys.path[0]")


def test_a_package(kernel: Kernel, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "value.py").write_text("value = 6")
    pause = "import asyncio\nawait asyncio.sleep(0)\n" if IS_EVERLOOP else ""
    (package / "__main__.py").write_text(f"from .value import value\n{pause}value += 1\nname = __spec__.name")
    kernel.ok(f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    try:
        kernel.ok("%run -m package")
        assert kernel.ok("value, name").result == "(7, 'package.__main__')"
    finally:
        kernel.ok("del sys.path[0]")


def test_timing(kernel: Kernel, program: Path) -> None:
    cell = kernel.ok(f"%run -t -N3 {program}")
    assert "Total runs performed: 3\n" in cell.stdout
    assert kernel.ok("helper").result == "'helped'"


def test_profiling(kernel: Kernel, program: Path) -> None:
    cell = kernel.ok(f"%run -p -l 1 {program}")
    [payload] = cell.reply["payload"]
    assert "function calls" in payload["data"]["text/plain"]
    assert kernel.ok("helper").result == "'helped'"


def test_a_call_from_a_function(kernel: Kernel, program: Path) -> None:
    kernel.ok(f"def run():\n    get_ipython().run_line_magic('run', {f'{program} called'!r})\n    return helper\n")
    assert kernel.ok("run()").result == "'helped'"
    assert seen(kernel)[2][1:] == ["called"]


# -- the end


def test_a_program_that_fails(kernel: Kernel, program: Path) -> None:
    cell = kernel.run(f"%run {program} fail\nprint('the cell goes on')")
    assert cell.traceback.endswith("LookupError: inside")
    assert f"File {program}:" in cell.traceback
    assert "everloop" not in cell.traceback
    assert cell.stdout == "the cell goes on\n"
    assert kernel.ok("import sys; 'fail' in sys.argv, __name__").result == "(False, '__main__')"


@pytest.mark.parametrize(
    ("options", "arguments", "shown"), [("", "exit 0", None), ("", "exit 3", "SystemExit"), ("-e", "exit 3", None)]
)
def test_a_program_that_exits(kernel: Kernel, program: Path, options: str, arguments: str, shown: str | None) -> None:
    cell = kernel.run(f"%run {options} {program} {arguments}")
    assert (cell.error and cell.error["ename"]) == shown
    assert cell.reply["payload"] == []
    assert kernel.ok("'alive'").result == "'alive'"


def test_a_program_with_a_mistake(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "mistake.py"
    path.write_text("await = 1 +\n")
    assert kernel.run(f"%run {path}").error["ename"] == "SyntaxError"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [("", "you must provide at least a filename."), ("no-such-file.py", "File `'no-such-file.py'` not found.")],
)
def test_files_that_are_not_there(kernel: Kernel, arguments: str, message: str) -> None:
    assert kernel.run(f"%run {arguments}").reply["evalue"] == message


@pytest.mark.everloop_only(CANNOT_AWAIT)
@pytest.mark.parametrize("form", ["%run {arguments}", "def f():\n    %run {arguments}\nf()"])
def test_an_interrupt(kernel: Kernel, tmp_path: Path, form: str) -> None:
    path = tmp_path / "sleeper.py"
    path.write_text("import asyncio\nprint('begun')\nawait asyncio.sleep(1000)")
    cell = kernel.submit(form.format(arguments=path) + "\nprint('the cell goes on')").wait_for("begun")
    kernel.interrupt("message")
    assert cell.wait().stdout == "begun\nthe cell goes on\n"
    assert cell.error["ename"] == "KeyboardInterrupt"
    assert f"File {path}:3" in cell.traceback
    assert kernel.ok("import sys; len(sys.argv)").result == kernel.ok("len(sys.argv)").result


@pytest.mark.everloop_only(CANNOT_AWAIT)
def test_a_cancelled_program(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "sleeper.py"
    path.write_text("import asyncio\nawait asyncio.sleep(1000)")
    code = f"""
import asyncio, sys
before = sys.argv
async def run():
    %run {path}
task = asyncio.create_task(run())
await asyncio.sleep(0.05)
inside = sys.argv
task.cancel()
print((await asyncio.wait([task]))[0].pop().cancelled(), inside, sys.argv is before)
"""
    assert kernel.ok(code).stdout == f"True ['{path}'] True\n"


# -- the loop


@pytest.mark.everloop_only(CANNOT_AWAIT)
def test_the_loop_goes_on(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "waiter.py"
    path.write_text(
        "import asyncio, sys\nevent = sys.modules['shared'].event\nawait asyncio.wait_for(event.wait(), 10)\n"
    )
    kernel.ok("import asyncio, sys, types\nshared = sys.modules['shared'] = types.ModuleType('shared')")
    for form in (f"%run {path}", f"def f():\n    %run {path}\nf()"):
        kernel.ok("shared.event = asyncio.Event()\nasyncio.get_running_loop().call_later(0.05, shared.event.set);")
        assert kernel.ok(form).error is None


@pytest.mark.everloop_only(CANNOT_AWAIT)
def test_without_autoawait(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "awaits.py"
    path.write_text("import asyncio\nawait asyncio.sleep(0)\nawaited = 1")
    kernel.ok("%autoawait off")
    try:
        assert kernel.run(f"%run {path}").error["ename"] == "SyntaxError"
    finally:
        kernel.ok("%autoawait on")


# -- cells


def notebook(path: Path, *cells: str, **kinds: str) -> Path:
    described = [{"cell_type": "markdown", "metadata": {}, "source": "# await nothing"}]
    described += [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for source in cells
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": described, **kinds}))
    return path


def test_a_file_of_ipython(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "cells.ipy"
    path.write_text("value = 5\nlines = !echo {value}\n%time value\nprint(__file__)\n'not shown'\n")
    cell = kernel.ok(f"%run {path}")
    assert cell.stdout.startswith("CPU times: ")
    assert cell.stdout.endswith(f"{path}\n")
    assert cell.result is None
    assert kernel.ok("value, lines, '__file__' in globals()").result == "(5, ['5'], False)"


@pytest.mark.everloop_only(CANNOT_AWAIT)
def test_a_file_of_ipython_that_awaits(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "cells.ipy"
    path.write_text("import asyncio\nawait asyncio.sleep(0)\nvalue = 6\n%time await asyncio.sleep(0)\n")
    assert kernel.ok(f"%run {path}").stdout.startswith("CPU times: ")
    assert kernel.ok("value").result == "6"


def test_a_notebook(kernel: Kernel, tmp_path: Path) -> None:
    path = notebook(tmp_path / "book.ipynb", "value = 7\nprint('one')", ["value += 1\n", "value"])
    cell = kernel.ok(f"%run {path}")
    assert (cell.stdout, cell.result) == ("one\n", None)
    assert kernel.ok("value").result == "8"


@pytest.mark.everloop_only(CANNOT_AWAIT)
@pytest.mark.parametrize("form", ["%run {path}", "def f():\n    get_ipython().run_line_magic('run', '{path}')\nf()"])
def test_a_notebook_that_awaits(kernel: Kernel, tmp_path: Path, form: str) -> None:
    path = notebook(tmp_path / "book.ipynb", "import asyncio", "value = await asyncio.sleep(0.01, 9)\nprint(value)")
    assert kernel.ok(form.format(path=path)).stdout == "9\n"


def test_a_notebook_ends_at_the_first_failure(kernel: Kernel, tmp_path: Path) -> None:
    path = notebook(tmp_path / "book.ipynb", "value = 1", "raise LookupError('inside')", "value = 2")
    cell = kernel.run(f"%run {path}\nvalue = 3")
    assert cell.reply["ename"] == "LookupError"
    assert kernel.ok("value").result == "1"


@pytest.mark.everloop_only("ipykernel leaves it to nbformat, which says more")
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": 5}', '{"cells": [{}]}'])
def test_what_is_not_a_notebook(kernel: Kernel, tmp_path: Path, text: str) -> None:
    path = tmp_path / "book.ipynb"
    path.write_text(text)
    assert kernel.run(f"%run {path}").reply["evalue"].startswith(f"{path} is not a notebook: ")
