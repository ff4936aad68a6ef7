"""`jupyter console` in a pseudo-terminal: what a person types, and what is on the screen."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
from client import KERNEL_NAME, LIMIT, Kernel

# Colours, cursor movements, titles: what a terminal does not show as text.
CONTROL = r"(?:\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>()][A-Z0-9]?|\r|\x07)*"

UP = "\x1b[A"


def shown(text: str) -> str:
    """A pattern for the text with whatever the terminal is told between its characters."""
    return CONTROL.join(re.escape(character) for character in text)


class Console:
    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.screen = io.StringIO()
        command = ["-m", "jupyter_console", *options]
        # pexpect's terminal does not tell where its cursor is.
        # What the pager shows stays on the screen.
        env = {**os.environ, **environment, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat"}
        self.child = pexpect.spawn(
            sys.executable, command, env=env, encoding="utf-8", timeout=LIMIT, dimensions=(40, 120), logfile=self.screen
        )
        self.number = 0

    def expect(self, text: str) -> None:
        try:
            self.child.expect(shown(text))
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(f"waited for {text!r}; the terminal showed:\n{self.screen.getvalue()}") from error

    def prompt(self) -> None:
        self.number += 1
        self.expect(f"In [{self.number}]:")

    def type(self, line: str) -> None:
        self.child.sendline(line)


@contextmanager
def session(environment: dict[str, str], *options: str) -> Iterator[Console]:
    """A kernel of its own, unless the options name one that runs."""
    kernel = [] if any(option.startswith("--existing") for option in options) else [f"--kernel={KERNEL_NAME}"]
    console = Console(environment, *kernel, *options)
    try:
        yield console
    finally:
        console.child.close(force=True)


@pytest.fixture(params=["editor", "simple"])
def console(request: pytest.FixtureRequest, kernel_environment: dict[str, str]) -> Iterator[Console]:
    """With its line editor, as people use it, and with the plain prompt that it has for pipes."""
    with session(kernel_environment, *(["--simple-prompt"] if request.param == "simple" else [])) as console:
        yield console


def test_a_session(console: Console) -> None:
    console.expect("Jupyter console")
    console.expect("Python 3.")  # the kernel's own banner
    console.prompt()
    console.type("1+1")
    console.expect("Out[1]: 2")
    console.prompt()
    console.type("import asyncio")
    console.prompt()
    console.type("await asyncio.sleep(0.1, 'slept')")
    console.expect("Out[3]: 'slept'")
    console.prompt()
    console.type("1 / 0")
    console.expect("ZeroDivisionError")
    console.expect("Cell In[4], line 1")
    console.prompt()
    console.type("while print('beg' + 'un') is None: __import__('time').sleep(0.2)")
    console.type("")
    console.expect("begun")
    console.child.sendintr()
    console.expect("KeyboardInterrupt")
    console.prompt()
    console.type("print('still', 'here')")
    console.expect("still here")
    console.prompt()
    console.type("exit")
    console.child.expect(pexpect.EOF)
    console.child.close()
    assert console.child.exitstatus == 0, console.screen.getvalue()


def test_input(console: Console) -> None:
    console.prompt()
    console.type("name = input('who? ')")
    console.expect("who? ")
    console.type("Ada")
    console.prompt()
    console.type("name")
    console.expect("Out[2]: 'Ada'")


@pytest.mark.everloop_only("ipykernel has no ainput()")
def test_ainput(console: Console) -> None:
    console.prompt()
    console.type("first = await ainput('who? '); second = await ainput('what? ')")
    console.expect("who? ")
    console.type("Ada")
    console.expect("what? ")
    console.type("engine")
    console.prompt()
    console.type("first, second")
    console.expect("Out[2]: ('Ada', 'engine')")
    console.prompt()
    # Control-C ends the question, and the next one is another.
    console.type("await ainput('sto' + 'p? ')")
    console.expect("stop? ")
    console.child.sendintr()
    console.expect("KeyboardInterrupt")
    console.prompt()
    console.type("await ainput('on? ')")
    console.expect("on? ")
    console.type("yes")
    console.expect("Out[4]: 'yes'")


@pytest.mark.parametrize("console", ["editor"], indirect=True)
def test_a_block(console: Console) -> None:
    """Enter goes on as long as is_complete says so."""
    console.prompt()
    console.type("for i in range(3):")
    console.expect("...:")
    console.type("print('line', i)")
    console.expect("...:")
    console.type("")
    for i in range(3):
        console.expect(f"line {i}")
    console.prompt()


@pytest.mark.parametrize("console", ["editor"], indirect=True)
def test_tab(console: Console) -> None:
    console.prompt()
    console.type("a_long_name = 41")
    console.prompt()
    console.child.send("a_long_na\t")
    console.expect("a_long_name")
    console.type(" + 1")
    console.expect("Out[2]: 42")


def test_help(console: Console) -> None:
    console.prompt()
    console.type("f = lambda first, second=2: first")
    console.prompt()
    console.type("f?")
    console.expect("f(first, second=2)")
    console.prompt()


def test_questions_without_echo(console: Console) -> None:
    console.prompt()
    console.type("secret = __import__('getpass').getpass('sec' + 'ret? ')")
    console.expect("secret? ")
    console.child.waitnoecho(LIMIT)
    console.type("s3cret")
    console.prompt()
    console.type("len(secret)")
    console.expect("Out[2]: 6")
    assert "s3cret" not in console.screen.getvalue().replace("s3cret\n", "", 1)


@pytest.mark.everloop_only("an await in ipykernel goes on")
def test_interrupts(console: Console) -> None:
    """Control-C ends a cell that awaits, a program and a cell that computes, and the next cell is none of its business."""
    for code in (
        "print('beg' + 'un'); await __import__('asyncio').sleep(3600)",
        "print('beg' + 'un'); __import__('subprocess').run(['sleep', '3600'])",
        "print('beg' + 'un'); sum(1 for _ in iter(int, 1))",
    ):
        console.prompt()
        console.type(code)
        console.expect("begun")
        console.child.sendintr()
        console.expect("KeyboardInterrupt")
    console.prompt()
    console.type("'still', 'here'")
    console.expect("('still', 'here')")


def test_the_history_of_the_session_before(kernel_environment: dict[str, str], tmp_path: Path) -> None:
    environment = {**kernel_environment, "IPYTHONDIR": str(tmp_path)}
    with session(environment) as console:
        console.prompt()
        console.type("print('remem' + 'bered')")
        console.expect("remembered")
        console.prompt()
        console.type("exit")
        console.child.expect(pexpect.EOF)
    with session(environment) as console:
        console.prompt()
        console.child.send(UP + UP)
        console.expect("print('remem' + 'bered')")
        console.type("")
        console.expect("remembered")


def test_a_kernel_that_runs_already(kernel_environment: dict[str, str], fresh_kernel: Kernel) -> None:
    """Two front ends have one kernel: its names, its numbers once it has answered, and what the other runs."""
    fresh_kernel.ok("shared = 'by two'")
    existing = f"--existing={fresh_kernel.manager.connection_file}"
    with session(kernel_environment, existing, "--ZMQTerminalInteractiveShell.include_other_output=True") as console:
        console.prompt()
        console.type("shared")
        console.expect("Out[2]: 'by two'")
        console.expect("In [3]:")
        fresh_kernel.ok("print('from', 'elsewhere')")
        console.expect("from elsewhere")
        console.type("exit(keep_kernel=True)")
        console.child.expect(pexpect.EOF)
    assert fresh_kernel.ok("shared").result == "'by two'"
