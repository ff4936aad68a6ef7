"""input() and getpass(): questions that a cell asks, and what can go wrong with them."""

from __future__ import annotations

import pytest
from client import LIMIT, Entry, Kernel, Request
from jupyter_client import BlockingKernelClient

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


# -- await ainput()

only_here = pytest.mark.everloop_only("ipykernel has no ainput()")


@only_here
def test_ainput(kernel: Kernel) -> None:
    cell = kernel.submit("print('hello', await ainput('name? '))")
    question = kernel.question(cell)
    assert question.content == {"prompt": "name? ", "password": False}
    kernel.answer(question, "Ada")
    assert cell.wait().stdout == "hello Ada\n"


@only_here
def test_agetpass(kernel: Kernel) -> None:
    cell = kernel.submit("await agetpass() + await agetpass('again? ')")
    for prompt in ("Password: ", "again? "):
        question = kernel.question(cell)
        assert question.content == {"prompt": prompt, "password": True}
        kernel.answer(question, "12")
    assert cell.wait().result == "'1212'"


@only_here
def test_ainput_can_be_imported(kernel: Kernel) -> None:
    assert (
        kernel.ok("import everloop\neverloop.ainput is ainput, everloop.agetpass is agetpass").result == "(True, True)"
    )


@only_here
@pytest.mark.parametrize("call", ["ainput('x')", "agetpass('x')"])
def test_a_front_end_that_cannot_ask_fails_the_await(kernel: Kernel, call: str) -> None:
    cell = kernel.run(f"question = {call}\nprint('called')\nawait question", allow_stdin=False)
    assert cell.stdout == "called\n"
    assert cell.reply["ename"] == "StdinNotImplementedError"
    assert "does not support input requests" in cell.reply["evalue"]


@only_here
@pytest.mark.parametrize("call", ["ainput('x')", "agetpass('x')"])
def test_end_of_file_of_an_await(kernel: Kernel, call: str) -> None:
    cell = kernel.submit(f"await {call}")
    kernel.answer(kernel.question(cell), "\x04")
    assert cell.wait().reply["ename"] == "EOFError"


@only_here
def test_what_was_printed_is_seen_before_the_awaited_question(kernel: Kernel) -> None:
    cell = kernel.submit("print('read this first')\nimport os\nos.write(1, b'and this')\nawait ainput()")
    question = kernel.question(cell)
    cell.wait_for("read this first")
    cell.wait_for("and this")
    kernel.answer(question, "")
    cell.wait()


@only_here
def test_the_loop_goes_on_while_ainput_waits(kernel: Kernel) -> None:
    cell = kernel.submit(
        "import asyncio\nasync def tick():\n    while True:\n        print('tick')\n        await asyncio.sleep(0.01)\n"
        "ticker = asyncio.create_task(tick())\nanswer = await ainput()\nticker.cancel()\nanswer"
    )
    question = kernel.question(cell)
    seen = cell.stdout.count("tick")
    kernel.until(lambda: cell.stdout.count("tick") > seen + 5, "ticks while a question waits", 10)
    kernel.answer(question, "go on")
    assert cell.wait().result == "'go on'"


@only_here
@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_while_awaiting_an_answer(kernel: Kernel, how: str) -> None:
    cell = kernel.submit("await ainput('name? ')")
    unanswered = kernel.question(cell)
    kernel.interrupt(how)
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    kernel.answer(unanswered, "too late")
    cell = kernel.submit("await ainput('again? ')")
    kernel.answer(kernel.question(cell), "in time")
    assert cell.wait().result == "'in time'"


@only_here
def test_a_cancelled_question_is_forgotten(kernel: Kernel) -> None:
    cell = kernel.submit(
        "import asyncio\nfirst = asyncio.create_task(ainput('first? '))\nsecond = asyncio.create_task(ainput('second? '))\n"
        "third = asyncio.create_task(ainput('third? '))\nawait asyncio.sleep(0)\nsecond.cancel()\n"
        "try:\n    await asyncio.wait_for(first, 0.05)\nexcept TimeoutError:\n    print('no answer')\nawait third"
    )
    forgotten = kernel.question(cell)
    assert forgotten.content["prompt"] == "first? "
    cell.wait_for("no answer")
    kernel.answer(forgotten, "too late")
    question = kernel.question(cell)
    assert question.content["prompt"] == "third? "
    kernel.answer(question, "in time")
    assert cell.wait().result == "'in time'"


@only_here
def test_a_question_without_a_task_is_forgotten(kernel: Kernel) -> None:
    """The coroutine is closed; whoever waits behind it is asked."""
    cell = kernel.submit(
        "import asyncio\nasync def ask():\n    return await ainput('outer? ')\ncoroutine = ask()\n"
        "async def start_and_close():\n    coroutine.send(None)\n    coroutine.close()\nawait start_and_close()\nawait ainput('next? ')"
    )
    question = kernel.question(cell)
    while question.content["prompt"] != "next? ":
        kernel.answer(question, "too late")
        question = kernel.question(cell)
    kernel.answer(question, "asked")
    assert cell.wait().result == "'asked'"


@only_here
def test_asking_again_and_again_with_a_limit(kernel: Kernel) -> None:
    """Behind a question that nobody answers, a thousand come and go."""
    cell = kernel.submit(
        "import asyncio\nfirst = asyncio.create_task(ainput('first? '))\nawait asyncio.sleep(0)\nfor i in range(1000):\n"
        "    try:\n        await asyncio.wait_for(ainput('never? '), 0)\n    except TimeoutError:\n        pass\n"
        "print('tried')\nawait first"
    )
    question = kernel.question(cell)
    cell.wait_for("tried")
    kernel.answer(question, "yes")
    assert cell.wait().result == "'yes'"
    assert [question.content["prompt"] for question in questions(kernel)] == ["first? "]


# -- who asks, and in which order


def questions(kernel: Kernel) -> list[Entry]:
    return [entry for entry in kernel.transcript if entry.type == "input_request"]


def answer_in_turn(kernel: Kernel, cell: Request, count: int) -> list[str]:
    """Answers each question with its prompt in capitals, and makes sure that one is open at a time."""
    prompts = []
    for number in range(count):
        question = kernel.question(cell)
        # A second question had all the time of this round trip to appear.
        kernel.request("kernel_info_request").wait()
        assert len(questions(kernel)) == number + 1
        prompts.append(question.content["prompt"])
        kernel.answer(question, prompts[-1].upper())
    return prompts


@only_here
def test_tasks_that_ask_at_once_are_asked_in_turn(kernel: Kernel) -> None:
    cell = kernel.submit("import asyncio\nawait asyncio.gather(ainput('a'), agetpass('b'), ainput('c'))")
    assert answer_in_turn(kernel, cell, 3) == ["a", "b", "c"]
    assert cell.wait().result == "['A', 'B', 'C']"


@only_here
def test_a_flood_of_questions(kernel: Kernel) -> None:
    cell = kernel.submit("import asyncio\nprint(*await asyncio.gather(*(ainput(f'q{i}') for i in range(20))))")
    assert answer_in_turn(kernel, cell, 20) == [f"q{i}" for i in range(20)]
    assert cell.wait().stdout.split() == [f"Q{i}" for i in range(20)]


@pytest.mark.everloop_only("ipykernel sends both questions")
def test_threads_that_ask_at_once_are_asked_in_turn(kernel: Kernel) -> None:
    cell = kernel.submit(
        "import asyncio\nawait asyncio.gather(asyncio.to_thread(input, 'a'), asyncio.to_thread(input, 'b'))"
    )
    assert sorted(answer_in_turn(kernel, cell, 2)) == ["a", "b"]
    assert cell.wait().result == "['A', 'B']"


@only_here
def test_a_thread_a_task_and_the_cell_itself(kernel: Kernel) -> None:
    cell = kernel.submit(
        "import asyncio\ntask = asyncio.create_task(ainput('task'))\nthread = asyncio.create_task(asyncio.to_thread(input, 'thread'))\n"
        "await asyncio.sleep(0)\nhere = input('here')\nhere, await task, await thread"
    )
    assert sorted(answer_in_turn(kernel, cell, 3)) == ["here", "task", "thread"]
    assert cell.wait().result == "('HERE', 'TASK', 'THREAD')"


@only_here
def test_background_tasks_ask_after_their_cells_have_ended(kernel: Kernel) -> None:
    ask = (
        "import asyncio\nasync def ask(prompt, go):\n    await go.wait()\n    print(prompt, await ainput(prompt))\n"
        "go = globals().get('go') or asyncio.Event();\n"
    )
    one = kernel.ok(ask + "one = asyncio.create_task(ask('one', go));")
    two = kernel.ok(ask + "two = asyncio.create_task(ask('two', go));")
    kernel.ok("go.set(); del go")
    first = kernel.question(one)
    kernel.request("kernel_info_request").wait()
    assert len(questions(kernel)) == 1
    kernel.answer(first, "1")
    one.wait_for("one 1")
    kernel.answer(kernel.question(two), "2")
    two.wait_for("two 2")


@only_here
def test_a_cell_asks_behind_a_background_task(kernel: Kernel) -> None:
    background = kernel.ok("import asyncio\ntask = asyncio.create_task(ainput('background? '));")
    open_one = kernel.question(background)
    cell = kernel.submit("input('cell? ')")
    cell.wait_busy()
    kernel.answer(open_one, "first")
    kernel.answer(kernel.question(cell), "second")
    assert cell.wait().result == "'second'"
    assert kernel.ok("await task").result == "'first'"


@only_here
@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_forgets_the_questions_of_its_cell_only(kernel: Kernel, how: str) -> None:
    background = kernel.ok("import asyncio\ntasks = [asyncio.create_task(ainput(f'background {i}')) for i in (1, 2)];")
    open_one = kernel.question(background)
    cell = kernel.submit("await ainput('cell? ')")
    cell.wait_busy()
    kernel.interrupt(how)
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    kernel.answer(open_one, "one")
    kernel.answer(kernel.question(background), "two")
    assert kernel.ok("await asyncio.gather(*tasks)").result == "['one', 'two']"
    assert [question.content["prompt"] for question in questions(kernel)] == ["background 1", "background 2"]


@only_here
def test_an_interrupt_forgets_the_open_question_and_the_next_is_asked(kernel: Kernel) -> None:
    kernel.ok(
        "import asyncio\nbehind = asyncio.Event()\nasync def ask():\n    await behind.wait()\n    return await ainput('behind? ')"
    )
    background = kernel.ok("task = asyncio.create_task(ask());")
    cell = kernel.submit(
        "question = asyncio.ensure_future(ainput('open? '))\nawait asyncio.sleep(0)\nbehind.set()\nawait question"
    )
    unanswered = kernel.question(cell)
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    kernel.answer(unanswered, "too late")
    kernel.answer(kernel.question(background), "in time")
    assert kernel.ok("await task").result == "'in time'"


@pytest.mark.everloop_only("ipykernel's thread waits for ever")
@pytest.mark.parametrize("how", ["message", "signal"])
@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\nawait asyncio.to_thread(ask)",
        "import threading\nthread = threading.Thread(target=ask)\nthread.start()\nthread.join()",
    ],
    ids=["awaited", "joined"],
)
def test_an_interrupt_ends_the_question_of_a_thread(kernel: Kernel, code: str, how: str) -> None:
    kernel.ok(
        "def ask():\n    try:\n        input('from a thread? ')\n    except KeyboardInterrupt:\n        print('thread interrupted')"
    )
    cell = kernel.submit(code)
    kernel.question(cell)
    kernel.interrupt(how)
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    cell.wait_for("thread interrupted")
    cell = kernel.submit("input('next? ')")
    kernel.answer(kernel.question(cell), "asked")
    assert cell.wait().result == "'asked'"


@only_here
def test_a_front_end_that_is_gone_cannot_be_asked_and_the_others_can(kernel: Kernel) -> None:
    # One with a session, and so an identity, of its own.
    gone = BlockingKernelClient(connection_file=kernel.manager.connection_file)
    gone.load_connection_file()
    gone.start_channels(hb=False)
    # Until the kernel knows that the connection is closed, a question may be sent into the void.
    gone.execute(
        "import asyncio\ngo = asyncio.Event()\nasync def ask():\n    await go.wait()\n    while True:\n        try:\n"
        "            async with asyncio.timeout(0.05):\n                await ainput()\n        except TimeoutError:\n"
        "            pass\n        except OSError as error:\n            return str(error)\ntask = asyncio.create_task(ask());",
        reply=True,
        timeout=LIMIT,
    )
    gone.stop_channels()
    cell = kernel.submit("go.set()\nprint(input('still here? '))\nprint(await task)")
    kernel.answer(kernel.question(cell), "yes")
    assert cell.wait().stdout == "yes\nthe front end that sent this cell is gone\n"


# -- where one may ask


@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\nasync def main():\n    return input('x')\nasyncio.run(main())",
        "import asyncio\nasync def main():\n    return await ainput('x')\nasyncio.run(main())",
        "import asyncio\nasyncio.get_running_loop().run_until_complete(ainput('x'))",
        "import asyncio\nasync def main():\n    return input('x')\nawait asyncio.to_thread(asyncio.run, main())",
        "import asyncio\nasync def main():\n    return await ainput('x')\nawait asyncio.to_thread(asyncio.run, main())",
        "import asyncio\nasync def main():\n    return await ainput('x')\nawait asyncio.create_task(main())",
        "import asyncio\nawait asyncio.wait_for(ainput('x'), 100)",
    ],
    ids=["run", "run-ainput", "until-complete", "thread", "thread-ainput", "task", "limit"],
)
@pytest.mark.everloop_only("asyncio.run, ainput")
def test_input_in_loops(kernel: Kernel, code: str) -> None:
    cell = kernel.submit(code)
    kernel.answer(kernel.question(cell), "yes")
    assert cell.wait().result == "'yes'"
    assert kernel.ok("'unharmed'").result == "'unharmed'"


@pytest.mark.parametrize("ask", ["input('x')", pytest.param("await ainput('x')", marks=only_here)])
def test_input_in_a_captured_cell(kernel: Kernel, ask: str) -> None:
    cell = kernel.submit(f"%%capture captured\nprint('got', {ask})")
    kernel.answer(kernel.question(cell), "yes")
    assert cell.wait().stdout == ""
    assert kernel.ok("captured.stdout").result == r"'got yes\n'"


@pytest.mark.everloop_only("ipykernel's is EOFError")
@pytest.mark.parametrize("ask", ["input('x')", "__import__('getpass').getpass('x')"])
def test_input_in_the_handler_of_a_comm(kernel: Kernel, ask: str) -> None:
    kernel.ok(
        "import comm\ndef asks(comm, message):\n    try:\n"
        f"        {ask}\n    except NotImplementedError as error:\n        print(type(error).__name__, error)\n"
        "comm.get_comm_manager().register_target('asks', asks);"
    )
    opened = kernel.request("comm_open", {"comm_id": "asks", "target_name": "asks", "data": {}}).wait_idle()
    assert opened.stdout.startswith("StdinNotImplementedError ")
    assert "where no cell runs" in opened.stdout
    kernel.request("comm_close", {"comm_id": "asks", "data": {}}).wait_idle()


@only_here
@pytest.mark.parametrize(
    ("library", "instead"),
    [("trio", "await trio.to_thread.run_sync(input, 'x')"), ("curio", "await curio.run_in_thread(input, 'x')")],
)
def test_ainput_needs_asyncio(kernel: Kernel, library: str, instead: str) -> None:
    kernel.ok(f"%autoawait {library}")
    try:
        cell = kernel.run("await ainput('x')")
        assert cell.reply["ename"] == "RuntimeError"
        assert instead.replace("'x'", "prompt") in cell.reply["evalue"]
        cell = kernel.submit(f"import {library}\n{instead}")
        kernel.answer(kernel.question(cell), "yes")
        assert cell.wait().result == "'yes'"
    finally:
        kernel.ok("%autoawait asyncio")


@only_here
@pytest.mark.parametrize("name", ["ainput", "agetpass"])
def test_the_names_are_known(kernel: Kernel, name: str) -> None:
    inspected = kernel.request("inspect_request", {"code": name, "cursor_pos": len(name), "detail_level": 0}).wait()
    assert inspected.reply["found"]
    assert "Ask the front end" in inspected.reply["data"]["text/plain"] or "As :func:`ainput`" in str(inspected.reply)
    completed = kernel.request("complete_request", {"code": name[:-2], "cursor_pos": len(name) - 2}).wait()
    assert name in completed.reply["matches"]
