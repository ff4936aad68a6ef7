"""input() and getpass(): questions that a cell asks, and what can go wrong with them."""

from __future__ import annotations

import pytest
from client import Kernel

ASK = "answer = input('name? ')\nprint('hello', answer)"


def test_input(kernel: Kernel) -> None:
    cell = kernel.submit(ASK)
    question = kernel.question(cell)
    assert question.content == {"prompt": "name? ", "password": False}
    kernel.answer(question, "Ada")
    assert cell.wait().stdout == "hello Ada\n"


def test_input_twice(kernel: Kernel) -> None:
    cell = kernel.submit("(input('one'), input('two'))")
    for value in ("1", "2"):
        kernel.answer(kernel.question(cell), value)
    assert cell.wait().result == "('1', '2')"


def test_input_without_a_prompt(kernel: Kernel) -> None:
    cell = kernel.submit("input()")
    question = kernel.question(cell)
    assert question.content["prompt"] == ""
    kernel.answer(question, "ünïcødé 🎉")
    assert cell.wait().result == "'ünïcødé 🎉'"


def test_a_prompt_can_be_anything(kernel: Kernel) -> None:
    cell = kernel.submit("input(42)")
    question = kernel.question(cell)
    assert question.content["prompt"] == "42"
    kernel.answer(question, "")
    assert cell.wait().result == "''"


def test_getpass(kernel: Kernel) -> None:
    cell = kernel.submit("import getpass\ngetpass.getpass('secret? ')")
    question = kernel.question(cell)
    assert question.content == {"prompt": "secret? ", "password": True}
    kernel.answer(question, "1234")
    assert cell.wait().result == "'1234'"


@pytest.mark.everloop_only("ipykernel asks without a prompt")
def test_getpass_has_its_usual_prompt(kernel: Kernel) -> None:
    cell = kernel.submit("from getpass import getpass\ngetpass();")
    question = kernel.question(cell)
    assert question.content == {"prompt": "Password: ", "password": True}
    kernel.answer(question, "1234")
    cell.wait()


def test_what_was_printed_is_seen_before_the_question(kernel: Kernel) -> None:
    cell = kernel.submit("print('read this first')\ninput()")
    question = kernel.question(cell)
    cell.wait_for("read this first")
    kernel.answer(question, "")
    cell.wait()


@pytest.mark.parametrize("call", ["input('x')", "__import__('getpass').getpass('x')"])
def test_a_front_end_that_cannot_ask(kernel: Kernel, call: str) -> None:
    cell = kernel.run(call, allow_stdin=False)
    assert cell.reply["ename"] == "StdinNotImplementedError"
    assert "does not support input requests" in cell.reply["evalue"]
    assert kernel.ok("'unharmed'").result == "'unharmed'"


def test_end_of_file(kernel: Kernel) -> None:
    cell = kernel.submit("input()")
    kernel.answer(kernel.question(cell), "\x04")
    assert cell.wait().reply["ename"] == "EOFError"


@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_while_asking(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("input('name? ')")
    kernel.question(cell)
    kernel.interrupt(how)
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("'next'").result == "'next'"


def test_a_late_answer_is_not_taken_for_the_next_question(kernel: Kernel) -> None:
    first = kernel.submit("input('first? ')")
    unanswered = kernel.question(first)
    kernel.interrupt("message")
    first.wait()
    kernel.answer(unanswered, "too late")
    second = kernel.submit("import time\ntime.sleep(0.1)\ninput('second? ')")
    kernel.answer(kernel.question(second), "in time")
    assert second.wait().result == "'in time'"


def test_an_exception_can_be_caught(kernel: Kernel) -> None:
    cell = kernel.submit("try:\n    input()\nexcept EOFError:\n    print('no more')")
    kernel.answer(kernel.question(cell), "\x04")
    assert cell.wait().stdout == "no more\n"


def test_input_in_an_async_cell(kernel: Kernel) -> None:
    cell = kernel.submit("import asyncio\nawait asyncio.sleep(0)\nvalue = input('x')\nawait asyncio.sleep(0)\nvalue")
    kernel.answer(kernel.question(cell), "yes")
    assert cell.wait().result == "'yes'"


@pytest.mark.everloop_only("ipykernel's input() stops the loop (ipython#11977)")
def test_the_loop_goes_on_while_a_question_waits(kernel: Kernel) -> None:
    ticking = kernel.ok(
        "import asyncio\nasync def tick():\n    for i in range(1000):\n        print('tick', i)\n        await asyncio.sleep(0.01)\n"
        "ticker = asyncio.create_task(tick());"
    )
    cell = kernel.submit("input()")
    question = kernel.question(cell)
    seen = ticking.stdout.count("tick")
    kernel.until(lambda: ticking.stdout.count("tick") > seen + 5, "ticks while a question waits", 10)
    kernel.answer(question, "go on")
    assert cell.wait().result == "'go on'"
    kernel.ok("ticker.cancel();")


def test_input_in_a_thread(kernel: Kernel) -> None:
    cell = kernel.submit("import asyncio\nawait asyncio.to_thread(input, 'from a thread? ')")
    kernel.answer(kernel.question(cell), "yes")
    assert cell.wait().result == "'yes'"
