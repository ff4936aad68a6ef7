"""``IPython.embed()``: in a cell, where the front end answers its prompts, and in a program on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from client import LIMIT, Kernel, Request

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")

# -- in a cell


def embed(kernel: Kernel, code: str, *inputs: str) -> Request:
    """Run a cell that embeds, and answer its prompts, which count."""
    cell = kernel.submit(f"import asyncio, IPython\n{code}")
    for value in inputs:
        question = kernel.question(cell)
        assert question.content["prompt"].startswith("In [")
        kernel.answer(question, value)
    return cell.wait()


FUNCTION = """
def function(**options):
    local = 41
    IPython.embed(colors='nocolor', **options)
    return local
"""


def test_local_names(kernel: Kernel) -> None:
    cell = embed(kernel, f"{FUNCTION}function(header='It says hello.')", "local + 1", "mine = local", "mine", "exit")
    assert "\nIt says hello.\n" in cell.stdout
    assert "Out[1]: 42\n" in cell.stdout
    assert "Out[3]: 41\n" in cell.stdout
    assert cell.result == "41"
    assert kernel.ok("'mine' in globals()").result == "False"


def test_mistakes(kernel: Kernel) -> None:
    cell = embed(kernel, "IPython.embed(colors='nocolor')", "1/0", "print)", "'still here'", "exit")
    assert "ZeroDivisionError: division by zero" in cell.stdout
    assert "'still here'\n" in cell.stdout
    assert cell.reply["status"] == "ok"


def test_the_shell_of_cells_is_the_same_afterwards(kernel: Kernel) -> None:
    kernel.ok("import sys\nbefore = get_ipython(), sys.displayhook, In")
    embed(kernel, "IPython.embed(colors='nocolor')", "get_ipython().__class__.__name__", "exit")
    code = "before == (get_ipython(), sys.displayhook, In), IPython.get_ipython() is before[0]"
    assert kernel.ok(code).result == "(True, True)"
    assert kernel.ok("1 + 1").result == "2"


@pytest.mark.everloop_only("ipykernel leaves the embedded shell in the place of its own")
def test_an_interrupt(kernel: Kernel) -> None:
    cell = kernel.submit("import IPython\nIPython.embed(colors='nocolor')")
    kernel.question(cell)
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("IPython.get_ipython() is get_ipython()").result == "True"


def test_await_without_a_runner(kernel: Kernel) -> None:
    cell = embed(kernel, "IPython.embed(colors='nocolor')", "await asyncio.sleep(0)", "exit")
    assert "SyntaxError: 'await' outside function" in cell.stdout


@pytest.mark.everloop_only("in ipykernel: this event loop is already running")
def test_await_with_a_runner(kernel: Kernel) -> None:
    code = f"""
ticks = []
async def tick():
    while True:
        await asyncio.sleep(0.001)
        ticks.append(1)
task = asyncio.create_task(tick())
{FUNCTION}
function(using='asyncio')
"""
    cell = embed(kernel, code, "await asyncio.sleep(0.05, local + 1)", "len(ticks) > 3", "exit")
    assert "Out[1]: 42\n" in cell.stdout
    assert "Out[2]: True\n" in cell.stdout
    kernel.ok("task.cancel();")


def test_a_front_end_that_cannot_answer(kernel: Kernel) -> None:
    cell = kernel.run("import IPython\nIPython.embed()", allow_stdin=False)
    assert cell.reply["ename"] == "StdinNotImplementedError"
    assert kernel.ok("'alive'").result == "'alive'"


# -- in a program

PROGRAM = """
import asyncio, sys, IPython

ticks = []
async def tick():
    while True:
        await asyncio.sleep(0.001)
        ticks.append(1)

def embed(**options):
    local = 41
    IPython.embed(header="The program embeds.", colors="nocolor", **options)
    print("afterwards", local)

async def main():
    task = asyncio.create_task(tick())
    embed(using="asyncio")

if sys.argv[1] == "inside":
    asyncio.run(main())
else:
    embed(using=sys.argv[1])
"""


@pytest.fixture
def spawn(tmp_path: Path) -> Callable[..., pexpect.spawn]:
    """Starts the program on a terminal, until it asks."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)

    def start(*arguments: str) -> pexpect.spawn:
        environment = {
            **os.environ,
            "EVERLOOP_ENVIRONMENT": sys.prefix,
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "TERM": "xterm",
            # This terminal does not say where its cursor is.
            "PROMPT_TOOLKIT_NO_CPR": "1",
        }
        child = pexpect.spawn(
            BINARY, ["python", str(path), *arguments], env=environment, encoding="utf-8", timeout=LIMIT, echo=False
        )
        child.expect_exact("The program embeds.")
        child.expect_exact("In [1]:")
        return child

    return start


def end(child: pexpect.spawn) -> None:
    child.sendline("exit")
    child.expect_exact("afterwards 41")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.everloop_only("it is everloop's program")
def test_a_program(spawn: Callable[..., pexpect.spawn]) -> None:
    child = spawn("sync")
    child.sendline("local * 1000 + 1")
    child.expect_exact("41001")
    child.sendline("await asyncio.sleep(0)")
    child.expect_exact("SyntaxError: 'await' outside function")
    child.sendline("!echo $((6 * 7))")
    child.expect_exact("42")
    end(child)


@pytest.mark.everloop_only("it is everloop's program")
@pytest.mark.parametrize("where", ["asyncio", "inside"])
def test_a_program_that_awaits(spawn: Callable[..., pexpect.spawn], where: str) -> None:
    child = spawn(where)
    child.sendline("await asyncio.sleep(0.05, local * 1000 + 2)")
    child.expect_exact("41002")
    child.sendline("await asyncio.sleep(0, type(asyncio.get_running_loop()).__name__ + 's')")
    child.expect_exact("EverLoops")
    if where == "inside":
        child.sendline("print(len(ticks) > 3 and 'goes ' + 'on')")
        child.expect_exact("goes on")
    end(child)


@pytest.mark.everloop_only("it is everloop's program")
def test_ctrl_c_and_ctrl_d_in_a_program(spawn: Callable[..., pexpect.spawn]) -> None:
    child = spawn("asyncio")
    child.sendline("print('be' + 'gun') or await asyncio.sleep(1000)")
    child.expect_exact("begun")
    child.sendintr()
    child.expect_exact("KeyboardInterrupt")
    child.expect_exact("In [2]:")
    child.sendline("local * 1000 + 3")
    child.expect_exact("41003")
    child.expect_exact("In [3]:")
    child.sendeof()
    child.expect_exact("really want to exit")
    child.sendline("y")
    child.expect_exact("afterwards 41")
    child.expect(pexpect.EOF)
