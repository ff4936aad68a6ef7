"""``%debug``, ``%pdb``, ``breakpoint()``, ``pdb.set_trace()``, ``%run -d``: prompts that the front end answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel, Request, plain
from conftest import IS_EVERLOOP

PROMPT = "ipdb> "
MORE = "...   "
NO_AWAIT = "at ipykernel's prompt await is a SyntaxError"

FUNCTIONS = """
import asyncio, pdb, sys
def stops(x):
    y = x + 1
    pdb.set_trace()
    z = y * 2
    return z
def fails(x):
    inner = x * 2
    raise LookupError(inner)
def outer():
    local = 'of outer'
    fails(21)
async def later(value):
    await asyncio.sleep(0.01)
    return value
"""


@pytest.fixture
def kernel(kernel: Kernel) -> Kernel:
    """With the functions, and nothing traced that an earlier test left behind."""
    assert kernel.ok("import sys; sys.gettrace()").result is None
    kernel.ok(FUNCTIONS)
    return kernel


def answer(kernel: Kernel, cell: Request, *commands: str, prompt: str = PROMPT) -> None:
    for command in commands:
        question = kernel.question(cell)
        assert question.content == {"prompt": prompt, "password": False}
        kernel.answer(question, command)


def debug(kernel: Kernel, code: str, *commands: str) -> Request:
    """Run a cell and answer its prompts, one after the other."""
    cell = kernel.submit(code)
    answer(kernel, cell, *commands)
    return cell.wait()


def said(cell: Request) -> str:
    return plain(cell.stdout)


# -- breakpoints


@pytest.mark.parametrize(
    "function",
    [
        "stops",
        pytest.param("stops_too", marks=pytest.mark.everloop_only("debugpy takes breakpoint() from ipykernel")),
    ],
)
def test_a_breakpoint(kernel: Kernel, function: str) -> None:
    kernel.ok("def stops_too(x):\n    y = x + 1\n    breakpoint()\n    z = y * 2\n    return z")
    cell = debug(kernel, f"{function}(20)", "p y", "n", "n", "p z", "a", "c")
    assert cell.result == "42"
    output = said(cell)
    assert f"{function}()\n" in output
    assert "y = x + 1\n" in output
    assert "21\n> " in output
    assert "42\nx = 20\n" in output


def test_a_breakpoint_at_the_top_of_a_cell(kernel: Kernel) -> None:
    cell = debug(kernel, "value = 5\npdb.set_trace()\nvalue * 2", "p value", "c")
    assert cell.result == "10"
    assert "<module>()\n" in said(cell)


def test_the_set_trace_of_ipython(kernel: Kernel) -> None:
    code = "from IPython.core.debugger import set_trace\ndef f(x):\n    set_trace()\n    return x\nf(3)"
    assert debug(kernel, code, "p x", "c").result == "3"


def test_quitting_ends_the_cell(kernel: Kernel) -> None:
    cell = debug(kernel, "stops(1)\nprint('not here')", "q")
    assert cell.reply["ename"] == "BdbQuit"
    assert "not here" not in cell.stdout


def test_end_of_file_quits(kernel: Kernel) -> None:
    assert debug(kernel, "stops(1)", "\x04").reply["ename"] == "BdbQuit"


def test_a_breakpoint_that_is_met_again(kernel: Kernel) -> None:
    code = "for number in range(3):\n    pdb.set_trace()\n    last = number"
    cell = debug(kernel, code, "c", "c", "p number", "c")
    assert "\n2\n" in said(cell)


def test_statements_change_the_function(kernel: Kernel) -> None:
    assert debug(kernel, "stops(1)", "!y = 50", "n", "y", "c").result == "100"


def test_stepping_into_and_out_of_a_function(kernel: Kernel) -> None:
    code = "def caller():\n    pdb.set_trace()\n    value = helper(4)\n    return value\ndef helper(x):\n    return x + 1\ncaller()"
    steps = ["n", "s"] if "set_trace()\n" in said(debug(kernel, code, "c")).split("---->")[1][:40] else ["s"]
    cell = debug(kernel, code, *steps, "r", "n", "n", "p value", "c")
    output = said(cell)
    assert "--Call--\n" in output
    assert "--Return--\n5\n" in output
    assert cell.result == "5"


def test_breakpoints_by_line(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "lines.py").write_text("def f():\n    a = 1\n    b = 2\n    return a + b\n")
    kernel.ok(f"sys.path.insert(0, {str(tmp_path)!r})\nimport lines")
    code = "pdb.set_trace()\nlines.f()"
    cell = debug(kernel, code, f"b {tmp_path}/lines.py:4", "c", "p a, b", "cl 1", "c")
    assert "Breakpoint 1 at " in said(cell)
    assert "(1, 2)\n" in said(cell)
    assert cell.result == "3"


def test_where_shows_programs_and_not_the_kernel(kernel: Kernel) -> None:
    output = said(debug(kernel, "stops(1)", "w", "c"))
    assert "hidden frame(s)]" in output
    assert "everloop" not in output.replace("everloop-cell", "")
    assert "interactiveshell" not in output


@pytest.mark.everloop_only("in ipykernel asyncio.run cannot be called")
def test_where_inside_of_a_nested_run(kernel: Kernel) -> None:
    cell = debug(kernel, "async def main():\n    stops(1)\nasyncio.run(main())", "w", "u", "u", "c")
    output = said(cell)
    assert "everloop/" not in output
    assert "asyncio.run(main())" in output


def test_interact(kernel: Kernel) -> None:
    cell = kernel.submit("stops(1)")
    answer(kernel, cell, "interact")
    answer(kernel, cell, "y + 40", "\x04", prompt="In : ")
    answer(kernel, cell, "c")
    results = [result["data"]["text/plain"] for result in cell.wait().published("execute_result")]
    assert results == ["42", "4"]


def test_a_statement_of_several_lines(kernel: Kernel) -> None:
    if not IS_EVERLOOP:
        pytest.skip("its pdb takes one line")
    cell = kernel.submit("stops(1)")
    answer(kernel, cell, "for number in range(2):")
    answer(kernel, cell, "    print(number + 40)", "", prompt=MORE)
    answer(kernel, cell, "c")
    assert "40\n41\n" in said(cell.wait())


def test_mistakes_at_the_prompt(kernel: Kernel) -> None:
    cell = debug(kernel, "stops(1)", "1/0", "p nothing", "print)", "c")
    output = said(cell)
    assert "*** ZeroDivisionError: division by zero\n" in output
    assert "*** NameError: name 'nothing' is not defined\n" in output


@pytest.mark.everloop_only("ipykernel's debugger goes on in IPython's own code")
def test_leaving_the_cell_by_steps(kernel: Kernel) -> None:
    """The debugger ends with the cell, and does not stop in the next one."""
    cell = kernel.submit("stops(1);")
    for answered in range(40):
        kernel.until(lambda answered=answered: cell.is_idle or asked(cell) > answered, "a prompt or the end")
        if cell.is_idle:
            break
        kernel.answer(kernel.question(cell), "r")
    assert cell.wait().reply["status"] == "ok"


def asked(cell: Request) -> int:
    """How often the cell has asked."""
    return len(cell.entries("stdin", "input_request"))


def test_a_thread(kernel: Kernel) -> None:
    code = "import threading\nthread = threading.Thread(target=stops, args=[1])\nthread.start()\nthread.join()"
    assert "2\n" in said(debug(kernel, code, "p y", "c"))


def test_a_front_end_that_cannot_answer(kernel: Kernel) -> None:
    cell = kernel.run("stops(1)", allow_stdin=False)
    assert cell.reply["ename"] == "StdinNotImplementedError"


@pytest.mark.everloop_only("ipykernel asks nobody, and waits")
def test_a_breakpoint_in_a_task_of_a_cell_that_has_ended(kernel: Kernel) -> None:
    code = """
async def background():
    await gate.wait()
    print('result', stops(20))
gate = asyncio.Event()
task = asyncio.create_task(background())
"""
    cell = kernel.ok(code)
    kernel.ok("gate.set()\nawait task")
    cell.wait_for("result 42")
    assert cell.stderr == "A breakpoint in a task whose cell has ended is passed over: there is nobody to ask.\n"


# -- post mortem


def test_after_an_error(kernel: Kernel) -> None:
    kernel.run("outer()")
    cell = debug(kernel, "%debug", "p inner", "u", "p local", "l", "w", "d", "inner + 1", "q")
    assert cell.reply["status"] == "ok"
    output = said(cell)
    assert "\n42\n" in output
    assert "\n'of outer'\n" in output
    assert "43\n" in output
    assert "everloop/" not in output


def test_after_an_error_of_a_cell_that_awaits(kernel: Kernel) -> None:
    kernel.run("async def wrong():\n    mine = await later(7)\n    raise LookupError(mine)\nawait wrong()")
    cell = debug(kernel, "%debug", "p mine", "u", "q")
    assert "\n7\n" in said(cell)
    assert "----> 4 await wrong()" in said(cell)


def test_pdb_on(kernel: Kernel) -> None:
    assert kernel.ok("%pdb on").stdout == "Automatic pdb calling has been turned ON\n"
    try:
        cell = debug(kernel, "outer()", "p inner", "q")
        assert cell.reply["ename"] == "LookupError"
        assert cell.error["ename"] == "LookupError"
        assert "\n42\n" in said(cell)
    finally:
        assert kernel.ok("%pdb off").stdout == "Automatic pdb calling has been turned OFF\n"
    assert kernel.run("outer()").reply["ename"] == "LookupError"


def test_post_mortem_of_pdb(kernel: Kernel) -> None:
    kernel.run("outer()")
    assert "42\n" in said(debug(kernel, "pdb.pm()", "p inner", "q"))


# -- programs


def test_statements(kernel: Kernel) -> None:
    cell = debug(kernel, "%debug value = fails", "n", "p value.__name__", "c")
    assert "'fails'\n" in said(cell)
    cell = debug(kernel, "%%debug\nvalue = 5\nvalue += 1\nprint(value)", "n", "n", "p value * 7", "c")
    assert "42\n" in said(cell)
    assert kernel.ok("value").result == "6"


def test_a_file(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("def f(x):\n    y = x + 1\n    return y\nresult = f(41)\nprint('end', result)\n")
    cell = debug(kernel, f"%run -d {path}", "c")
    assert f"Breakpoint 1 at {path}:1" in said(cell)
    assert "end 42\n" in said(cell)
    cell = debug(kernel, f"%run -d -b 3 {path}", "c", "p y", "c")
    assert "42\n" in said(cell)
    assert kernel.ok("result").result == "42"


# -- await


@pytest.mark.everloop_only(NO_AWAIT)
def test_await_at_the_prompt(kernel: Kernel) -> None:
    cell = debug(
        kernel,
        "stops(1)",
        "await later(y + 1)",
        "p await later(y + 2)",
        "pp await later([y])",
        "y = await later(50)",
        "!x = await later(60)",
        "p x",
        "await missing()",
        "n",
        "c",
    )
    output = said(cell)
    assert "\n3\n4\n[2]\n60\n*** NameError: name 'missing' is not defined\n" in output
    assert cell.result == "100"


@pytest.mark.everloop_only(NO_AWAIT)
def test_await_after_an_error(kernel: Kernel) -> None:
    kernel.run("outer()")
    assert "43\n" in said(debug(kernel, "%debug", "await later(inner + 1)", "q"))


@pytest.mark.everloop_only(NO_AWAIT)
def test_an_async_statement_of_several_lines(kernel: Kernel) -> None:
    cell = kernel.submit("stops(1)")
    answer(kernel, cell, "async with asyncio.timeout(10):")
    answer(kernel, cell, "    x = await later(40)", "    print(x + y)", "", prompt=MORE)
    answer(kernel, cell, "c")
    assert "42\n" in said(cell.wait())


@pytest.mark.everloop_only("ipykernel's loop stops at the prompt")
def test_background_tasks_go_on_at_the_prompt(kernel: Kernel) -> None:
    background = kernel.ok(
        "async def tick():\n    for number in range(3):\n        await asyncio.sleep(0.01)\n        print('tick', number)\n"
        "task = asyncio.create_task(tick())\n"
        "pdb.set_trace",
    )
    cell = kernel.submit("stops(1)")
    question = kernel.question(cell)
    background.wait_for("tick 2")
    kernel.answer(question, "c")
    assert cell.wait().result == "4"


def test_stepping_over_an_await(kernel: Kernel) -> None:
    code = """
async def steps():
    pdb.set_trace()
    value = await later(40)
    value += 2
    return value
await steps()
"""
    first = said(debug(kernel, code, "c")).split("---->")[1]
    to_the_await = ["n"] if "set_trace" in first.splitlines()[0] else []
    cell = debug(kernel, code, *to_the_await, "n", "p value", "n", "p value", "c")
    output = said(cell)
    assert "40\n" in output
    assert "42\n" in output
    assert cell.result == "42"


@pytest.mark.everloop_only("ipykernel cannot await in it")
def test_statements_that_await(kernel: Kernel) -> None:
    cell = debug(kernel, "%debug value = await later(42)", "c")
    assert cell.reply["status"] == "ok"
    assert kernel.ok("value").result == "42"
    cell = debug(kernel, "%%debug\nvalue = await later(41)\nvalue += 1\nprint(value)", "n", "p value", "c")
    assert "41\n" in said(cell)
    assert said(cell).endswith("42\n")


@pytest.mark.everloop_only("ipykernel cannot await in it")
def test_a_file_that_awaits(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import asyncio\nx = 41\nawait asyncio.sleep(0.01)\nx += 1\nprint('end', x)\n")
    cell = debug(kernel, f"%run -d -b 4 {path}", "c", "p x", "n", "p x", "c")
    output = said(cell)
    assert "41\n" in output
    assert "42\n" in output
    assert output.endswith("end 42\n")


# -- interrupts

INTERRUPTS = ["message", "signal"] if IS_EVERLOOP else ["signal"]


@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_ends_the_prompt(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("stops(20)")
    kernel.question(cell)
    kernel.interrupt(how)
    assert cell.wait().result == "42"
    assert "--KeyboardInterrupt--" in said(cell)


@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_ends_the_prompt_after_an_error(kernel: Kernel, how: str) -> None:
    kernel.run("outer()")
    cell = kernel.submit("%debug")
    kernel.question(cell)
    kernel.interrupt(how)
    assert "--KeyboardInterrupt--" in said(cell.wait())


@pytest.mark.everloop_only("in ipykernel it opens the prompt again")
@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_after_continuing(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("stops(20)\nprint('sleeps')\nimport time\ntime.sleep(1000)")
    answer(kernel, cell, "c")
    cell.wait_for("sleeps")
    kernel.interrupt(how)
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


@pytest.mark.everloop_only(NO_AWAIT)
@pytest.mark.parametrize("how", INTERRUPTS)
def test_an_interrupt_of_an_await_at_the_prompt(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("stops(20)")
    answer(kernel, cell, "print('waits') or await asyncio.sleep(1000)")
    cell.wait_for("waits")
    kernel.interrupt(how)
    answer(kernel, cell, "c")
    assert "*** KeyboardInterrupt\n" in said(cell.wait())
    assert cell.result == "42"


# -- without IPython


@pytest.mark.everloop_only("ipykernel is nothing without IPython")
@pytest.mark.parametrize("how", ["c", "interrupt"])
def test_without_ipython(start_kernel: Callable[..., Kernel], tmp_path: Path, how: str) -> None:
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    cell = kernel.submit("def f(x):\n    breakpoint()\n    return x + 1\nf(41)")
    answer(kernel, cell, "p x", prompt="(Pdb) ")
    question = kernel.question(cell)
    if how == "c":
        kernel.answer(question, "c")
        assert cell.wait().result == "42"
    else:
        kernel.interrupt("message")
        assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert "41\n" in said(cell)
    assert kernel.ok("import sys; sys.gettrace()").result is None
