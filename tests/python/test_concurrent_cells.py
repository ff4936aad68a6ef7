"""Cells beside each other: ``%concurrent``, ``%%concurrent``, ``%tasks``, ``%cancel``, ``%autocancel``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client import Kernel, Request, plain

pytestmark = pytest.mark.everloop_only("other kernels run one cell at a time")

FOREVER = "import asyncio\nprint('begun')\nawait asyncio.sleep(1000)"


@pytest.fixture
def concurrent(kernel: Kernel) -> Iterator[Kernel]:
    """A kernel in which all cells run beside each other."""
    kernel.ok("import asyncio\n%concurrent on")
    yield kernel
    kernel.ok("%concurrent off\n%autocancel off")


@pytest.fixture
def bare(start_kernel: Callable[..., Kernel], tmp_path: Path) -> Kernel:
    """A kernel without IPython."""
    return start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})


def begin(kernel: Kernel, code: str = FOREVER) -> Request:
    return kernel.submit(code).wait_for("begun")


def ended(cell: Request) -> str:
    """The name of the error that ended the cell, "" for none."""
    return cell.wait(10).reply.get("ename", "")


def replied(cell: Request) -> bool:
    return bool(cell.replies)


# -- beside each other, and in order


def test_a_marked_cell_does_not_wait_and_is_not_waited_for(kernel: Kernel) -> None:
    kernel.ok("import asyncio\ngo, gone = asyncio.Event(), asyncio.Event()")
    ordinary = begin(kernel, "print('begun')\nawait go.wait()\n'ordinary'")
    marked = begin(kernel, "%%concurrent\nprint('begun')\nawait gone.wait()\n'marked'")
    assert not replied(ordinary)
    other = kernel.submit("%%concurrent\ngo.set()\n'other'")
    assert other.wait().result == "'other'"
    assert ordinary.wait().result == "'ordinary'"
    assert kernel.ok("'next'").result == "'next'"
    assert not replied(marked)
    kernel.ok("gone.set()")
    assert marked.wait().result == "'marked'"
    counts = [cell.reply["execution_count"] for cell in (ordinary, marked, other)]
    assert counts == list(range(counts[0], counts[0] + 3))


def test_all_cells_after_concurrent_on(concurrent: Kernel) -> None:
    cells = [
        concurrent.submit(f"for i in range(3):\n    print({n}, i)\n    await asyncio.sleep(0.01)\n{n}")
        for n in range(20)
    ]
    for n, cell in enumerate(cells):
        assert cell.wait().stdout == "".join(f"{n} {i}\n" for i in range(3))
        assert cell.result == str(n)
    counts = [cell.reply["execution_count"] for cell in cells]
    assert counts == list(range(counts[0], counts[0] + 20))
    assert concurrent.ok("%concurrent").stdout == "Cells run beside each other.\n"


def test_off_again(kernel: Kernel) -> None:
    kernel.ok("%concurrent on\n%concurrent off")
    assert kernel.ok("%concurrent").stdout == "Cells run one after the other.\n"
    first = kernel.submit("import asyncio\nawait asyncio.sleep(0.05)\norder = [1]")
    second = kernel.submit("order.append(2)\norder")
    assert second.wait().result == "[1, 2]"
    assert replied(first)


def test_it_takes_effect_while_the_cell_that_switched_it_on_still_awaits(kernel: Kernel) -> None:
    kernel.ok("import asyncio\ngo = asyncio.Event()")
    first = begin(kernel, "print('begun')\nget_ipython().run_line_magic('concurrent', 'on')\nawait go.wait()")
    kernel.ok("go.set()")
    assert ended(first) == ""
    kernel.ok("%concurrent off")


def test_a_marked_cell_overtakes_none_that_waits_to_begin(kernel: Kernel) -> None:
    """What it may need of the cells above is there, as it is without the mark."""
    kernel.ok("import asyncio\ngo = asyncio.Event()")
    first = begin(kernel, "print('begun')\nawait go.wait()")
    second = kernel.submit("needed = 42")
    third = kernel.submit("%%concurrent\nneeded")
    kernel.until_queued()
    assert not second.published_types
    kernel.request("comm_info_request").wait()
    kernel.interrupt("message")
    assert ended(first) == "KeyboardInterrupt"
    assert [cell.wait().reply["status"] for cell in (second, third)] == ["aborted"] * 2
    kernel.ok("go.set()")
    cells = [kernel.submit(code) for code in ("await asyncio.sleep(0.02)", "needed = 42", "%%concurrent\nneeded")]
    assert cells[-1].wait().result == "42"


def test_a_cell_begins_while_another_has_entered_the_loop_again(kernel: Kernel) -> None:
    kernel.ok("import asyncio\ngo = asyncio.Event()")
    outer = begin(kernel, "print('begun')\nasyncio.run(go.wait())\n'outer'")
    assert kernel.ok("%%concurrent\ngo.set()\n'inner'").result == "'inner'"
    assert outer.wait().result == "'outer'"


# -- what is a cell's own


def test_values_and_their_history(concurrent: Kernel) -> None:
    cells = [concurrent.submit(f"await asyncio.sleep({0.05 - n / 100})\n{n} * 11") for n in range(4)]
    counts = [cell.wait().reply["execution_count"] for cell in cells]
    assert [cell.result for cell in cells] == ["0", "11", "22", "33"]
    assert [entry["execution_count"] for cell in cells for entry in cell.published("execute_result")] == counts
    assert concurrent.ok(f"[Out[n] for n in {counts}], _{counts[3]}").result == "([0, 11, 22, 33], 33)"
    assert concurrent.ok(f"In[{counts[1]}]").result == repr("await asyncio.sleep(0.04)\n1 * 11")


def test_a_semicolon_silences_its_own_cell(concurrent: Kernel) -> None:
    silenced = concurrent.submit("await asyncio.sleep(0.02)\n1;")
    shown = concurrent.submit("await asyncio.sleep(0.01)\n2")
    assert (silenced.wait().result, shown.wait().result) == (None, "2")


def test_an_error_is_shown_under_its_cell_and_aborts_nothing(concurrent: Kernel) -> None:
    waiting = begin(concurrent, "go = asyncio.Event()\nprint('begun')\nawait go.wait()\n'well'")
    failing = concurrent.submit("%%concurrent\n\nawait asyncio.sleep(0.01)\n1/0")
    after = concurrent.submit("await asyncio.sleep(0.05)\n'after'")
    assert ended(failing) == "ZeroDivisionError"
    assert f"Cell In[{failing.reply['execution_count']}], line 4" in failing.traceback
    assert after.wait().result == "'after'"
    concurrent.ok("go.set()")
    assert waiting.wait().result == "'well'"
    assert waiting.error is None


def test_a_failing_ordinary_cell_aborts_what_waits_and_not_what_runs(kernel: Kernel) -> None:
    kernel.ok("import asyncio\ngo = asyncio.Event()")
    running = begin(kernel, "%%concurrent\nprint('begun')\nawait go.wait()")
    failing = kernel.submit("await asyncio.sleep(0.01)\n1/0")
    waiting = kernel.submit("'never'")
    assert ended(failing) == "ZeroDivisionError"
    assert waiting.wait().reply["status"] == "aborted"
    kernel.ok("go.set()")
    assert ended(running) == ""


def test_payloads_and_expressions(concurrent: Kernel) -> None:
    cells = [
        concurrent.submit(
            f"await asyncio.sleep({0.03 - n / 100})\nget_ipython().set_next_input('{n}')\nx{n} = {n}",
            user_expressions={"x": f"x{n}"},
        )
        for n in range(3)
    ]
    for n, cell in enumerate(cells):
        reply = cell.wait().reply
        assert [payload["text"] for payload in reply["payload"]] == [str(n)]
        assert reply["user_expressions"]["x"]["data"]["text/plain"] == str(n)


def test_a_display_that_fails_fails_its_own_cell(concurrent: Kernel) -> None:
    concurrent.ok("class Bad:\n    def __repr__(self): raise LookupError('no text')")
    well = concurrent.submit("await asyncio.sleep(0.03)\n'well'")
    bad = concurrent.submit("await asyncio.sleep(0.01)\nBad()")
    assert ended(bad) == "LookupError"
    assert well.wait().reply["status"] == "ok"


def test_what_child_processes_write(concurrent: Kernel) -> None:
    code = (
        "import subprocess\nfor i in range(5):\n    subprocess.run(['echo', '{0}'])\n"
        "    await asyncio.sleep(0.01)\n!echo {0} by IPython"
    )
    cells = [concurrent.submit(code.format(n)) for n in range(3)]
    for n, cell in enumerate(cells):
        assert cell.wait().stdout.replace("\r", "") == f"{n}\n" * 5 + f"{n} by IPython\n"


def test_tasks_threads_and_callbacks_print_under_their_cell(concurrent: Kernel) -> None:
    # In one piece, since the threads print at the same time.
    concurrent.ok("def say(text): print(text + '\\n', end='')")
    code = """
async def child():
    await asyncio.sleep(0.01)
    say('child of {0}')
    await asyncio.to_thread(say, 'thread of {0}')
    asyncio.get_running_loop().call_later(0.01, say, 'callback of {0}')
    await asyncio.sleep(0.03)
await asyncio.gather(child(), child())
"""
    cells = [concurrent.submit(code.format(n)) for n in range(5)]
    for n, cell in enumerate(cells):
        lines = cell.wait().stdout.splitlines()
        assert sorted(lines) == [f"callback of {n}"] * 2 + [f"child of {n}"] * 2 + [f"thread of {n}"] * 2


@pytest.mark.parametrize("ask", ["await ainput({0!r})", "input({0!r})"])
def test_cells_that_ask_at_once_are_asked_in_turn(concurrent: Kernel, ask: str) -> None:
    cells = [concurrent.submit(ask.format(name)) for name in "abc"]
    for name, cell in zip("abc", cells, strict=True):
        question = concurrent.question(cell)
        assert question.content["prompt"] == name
        # The others wait for the answer.
        concurrent.request("kernel_info_request").wait()
        asked = [entry for entry in concurrent.transcript if entry.type == "input_request"]
        assert asked[-1] is question
        concurrent.answer(question, f"to {name}")
    assert [cell.wait().result for cell in cells] == ["'to a'", "'to b'", "'to c'"]


def test_an_interrupt_while_several_ask(concurrent: Kernel) -> None:
    cells = [concurrent.submit(f"await ainput({name!r})") for name in "ab"]
    question = concurrent.question(cells[0])
    concurrent.until_queued()
    concurrent.until(lambda: cells[1].published("execute_input"), "the second cell")
    concurrent.interrupt("message")
    assert ended(cells[1]) == "KeyboardInterrupt"
    concurrent.answer(question, "answer")
    assert cells[0].wait().result == "'answer'"


def test_context_variables_are_seen_by_cells_that_begin_later(kernel: Kernel) -> None:
    kernel.ok("import asyncio, contextvars\nvar = contextvars.ContextVar('var', default='unset')")
    first = begin(kernel, "%%concurrent\nvar.set('first')\nprint('begun')\ngo = asyncio.Event()\nawait go.wait()")
    assert kernel.ok("var.get()").result == "'unset'"
    kernel.ok("go.set()")
    assert ended(first) == ""
    assert kernel.ok("var.get()").result == "'first'"
    assert kernel.ok("%%concurrent\nvar.get()").result == "'first'"


def test_a_task_is_named_after_its_cell(concurrent: Kernel) -> None:
    cells = [concurrent.submit("await asyncio.sleep(0.01)\nasyncio.current_task().get_name()") for _ in range(3)]
    for cell in cells:
        assert cell.wait().result == repr(f"cell {cell.reply['execution_count']}")


def test_exit_is_said_in_the_reply_of_its_own_cell(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    kernel.ok("import asyncio\n%concurrent on")
    other = begin(kernel)
    leaving = kernel.run("await asyncio.sleep(0.01)\nexit(keep_kernel=True)")
    assert [payload["source"] for payload in leaving.reply["payload"]] == ["ask_exit"]
    kernel.interrupt("message")
    assert other.wait().reply["ename"] == "KeyboardInterrupt"
    assert other.reply["payload"] == []


# -- in other modes, and inside of other magics


@pytest.mark.parametrize("library", ["trio", "curio"])
def test_cells_of_other_libraries(kernel: Kernel, library: str) -> None:
    kernel.ok(f"%autoawait {library}")
    kernel.ok(f"import {library} as lib\n%concurrent on")
    code = "for i in range(3):\n    print({0}, i)\n    await lib.sleep(0.02)\n{0}"
    cells = [kernel.submit(code.format(n)) for n in range(4)]
    for n, cell in enumerate(cells):
        assert cell.wait().stdout == "".join(f"{n} {i}\n" for i in range(3))
    counts = [cell.reply["execution_count"] for cell in cells]
    assert counts == list(range(counts[0], counts[0] + 4))
    one, two = (begin(kernel, "print('begun')\nawait lib.sleep(1000)") for _ in range(2))
    kernel.interrupt("message")
    assert ended(two) == "KeyboardInterrupt"
    assert not replied(one)
    kernel.interrupt("message")
    assert ended(one) == "KeyboardInterrupt"
    kernel.ok("%concurrent off\n%autoawait asyncio")


def test_magics_below_the_mark(kernel: Kernel) -> None:
    cell = kernel.ok("%%concurrent\n%%time\nimport asyncio\nawait asyncio.sleep(0.01)\n'timed'")
    assert "Wall time: " in cell.stdout
    assert cell.result == "'timed'"
    assert kernel.ok("%%concurrent\n!echo shell").stdout.strip() == "shell"
    assert kernel.ok("%%time\n%%concurrent\n1 + 1").result == "2"


@pytest.mark.parametrize("mark", ["%%concurrent", "%%thread"])
def test_lookups_below_the_mark(kernel: Kernel, mark: str) -> None:
    kernel.ok("get_ipython()\ndef some_long_name(): 'said of it'")
    code = f"{mark}\nx = some_long_na"
    completed = kernel.request("complete_request", {"code": code, "cursor_pos": len(code)}).wait().reply
    assert completed["matches"] == ["some_long_name"]
    content = {"code": f"{code}me", "cursor_pos": len(code), "detail_level": 0}
    inspected = kernel.request("inspect_request", content).wait().reply
    assert "said of it" in inspected["data"]["text/plain"]


def test_the_history_has_the_mark(kernel: Kernel) -> None:
    cell = kernel.ok("%%concurrent\nmarked = 1")
    number = cell.reply["execution_count"]
    content = {"hist_access_type": "range", "session": 0, "start": number, "stop": number + 1, "raw": True}
    history = kernel.request("history_request", {**content, "output": False}).wait().reply["history"]
    assert [line for _, _, line in history] == ["%%concurrent\nmarked = 1"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("%%concurrent now\n1", "%%concurrent takes no arguments, not 'now'"),
        ("%concurrent maybe", "%concurrent takes `on` or `off`, not 'maybe'"),
        ("%autocancel maybe", "%autocancel takes `on` or `off`, not 'maybe'"),
        ("%tasks all", "%tasks takes no argument, not 'all'"),
        ("%cancel", "%cancel takes the numbers that %tasks shows"),
        ("%cancel 0", "there is no task 0: %tasks shows those that there are"),
    ],
)
def test_words_for_mistakes(kernel: Kernel, code: str, words: str) -> None:
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    assert words in plain(cell.stderr)


# -- interrupts


def test_an_interrupt_means_the_cell_that_began_last(concurrent: Kernel) -> None:
    cells = [begin(concurrent) for _ in range(3)]
    concurrent.interrupt("message")
    assert ended(cells[2]) == "KeyboardInterrupt"
    # Behind a cell that was sent after the interrupt nothing of it can be on its way.
    concurrent.ok("0")
    assert not replied(cells[0])
    assert not replied(cells[1])
    concurrent.interrupt("message")
    assert ended(cells[1]) == "KeyboardInterrupt"
    concurrent.ok("0")
    assert not replied(cells[0])
    concurrent.interrupt("message")
    assert ended(cells[0]) == "KeyboardInterrupt"


def test_a_second_interrupt_within_a_second_means_all(concurrent: Kernel) -> None:
    cells = [begin(concurrent) for _ in range(4)]
    concurrent.interrupt("message")
    concurrent.interrupt("message")
    assert [ended(cell) for cell in cells] == ["KeyboardInterrupt"] * 4


def test_signals_mean_the_same(concurrent: Kernel) -> None:
    cells = [begin(concurrent) for _ in range(2)]
    concurrent.interrupt("signal")
    assert ended(cells[1]) == "KeyboardInterrupt"
    concurrent.ok("0")
    assert not replied(cells[0])
    concurrent.interrupt("signal")
    assert ended(cells[0]) == "KeyboardInterrupt"


def test_a_busy_cell_is_interrupted_beside_one_that_awaits(concurrent: Kernel) -> None:
    waiting = begin(concurrent)
    busy = begin(concurrent, "await asyncio.sleep(0)\nprint('begun')\nwhile True: pass")
    concurrent.interrupt("message")
    assert ended(busy) == "KeyboardInterrupt"
    assert not replied(waiting)
    concurrent.interrupt("message")
    assert ended(waiting) == "KeyboardInterrupt"


def test_an_interrupt_of_a_cell_inside_of_another(concurrent: Kernel) -> None:
    """The outer one takes turns of the loop, in which the inner one makes its steps."""
    outer = begin(concurrent, "print('begun')\nasyncio.run(asyncio.sleep(1000))")
    inner = begin(concurrent, "await asyncio.sleep(0)\nprint('begun')\nwhile True: pass")
    concurrent.interrupt("message")
    assert ended(inner) == "KeyboardInterrupt"
    concurrent.ok("0")
    assert not replied(outer)
    concurrent.interrupt("message")
    assert ended(outer) == "KeyboardInterrupt"


def test_an_interrupt_of_an_outer_cell_waits_for_the_step_of_the_inner_one(concurrent: Kernel) -> None:
    outer = begin(concurrent, "print('begun')\nasyncio.run(asyncio.sleep(1000))")
    outer_number = outer.published("execute_input")[0]["execution_count"]
    listed = concurrent.ok("%tasks").stdout
    number = re.search(rf"^(\d+) +cell +In \[{outer_number}\]", listed, re.MULTILINE)
    assert number, listed
    canceller = concurrent.ok(f"%cancel {number[1]}\nawait asyncio.sleep(0.01)\n'well'")
    assert canceller.result == "'well'"
    assert ended(outer) == "KeyboardInterrupt"


def test_a_flood_of_interrupts_never_hits_a_later_cell(concurrent: Kernel) -> None:
    cells = [begin(concurrent) for _ in range(5)]
    interrupts = [concurrent.request("interrupt_request", channel="control") for _ in range(1000)]
    assert [ended(cell) for cell in cells] == ["KeyboardInterrupt"] * 5
    for interrupt in interrupts:
        interrupt.wait()
    for n in range(20):
        assert concurrent.ok(f"await asyncio.sleep(0.001)\n{n}").result == str(n)


# -- what runs, and ending it


def test_tasks_are_listed_with_their_cells_and_cancelled_by_their_numbers(concurrent: Kernel) -> None:
    starting = concurrent.ok(
        "async def repeat(text):\n    while True:\n        await asyncio.sleep(0.01)\n"
        "background = asyncio.create_task(repeat('x'), name='ticker')\nNone"
    )
    waiting = begin(concurrent, "print('begun')\nawait asyncio.sleep(1000)  # for long")
    listed = concurrent.ok("%tasks").stdout
    started_by = re.escape(f"In [{starting.reply['execution_count']}]")
    task = re.search(rf"^(\d+) +task +{started_by} +repeat\(\) ticker +Cell .*, line 3$", listed, re.MULTILINE)
    number = waiting.published("execute_input")[0]["execution_count"]
    cell = re.search(rf"^(\d+) +cell +In \[{number}\] +print\('begun'\)$", listed, re.MULTILINE)
    assert task, listed
    assert cell, listed
    concurrent.ok(f"%cancel {task[1]}, {cell[1]}")
    assert ended(waiting) == "KeyboardInterrupt"
    assert concurrent.ok("background.cancelled()").result == "True"
    assert "ticker" not in concurrent.ok("%tasks").stdout


def test_handlers_of_comm_messages_are_listed_and_cancelled(concurrent: Kernel) -> None:
    concurrent.ok(
        "import comm\nasync def opened(comm, message):\n    try:\n        await asyncio.sleep(1000)\n"
        "    finally:\n        print('ended')\ncomm.get_comm_manager().register_target('slow', opened)"
    )
    message = concurrent.request("comm_open", {"comm_id": "c", "target_name": "slow", "data": {}})
    concurrent.until(lambda: message.published("status"), "the comm message")
    listed = concurrent.ok("%tasks").stdout
    handler = re.search(r"^(\d+) +comm +\S.* comm_open slow +", listed, re.MULTILINE)
    assert handler, listed
    concurrent.ok(f"%cancel {handler[1]}")
    message.wait_idle().wait_for("ended")


def test_tasks_of_trio_are_listed_and_cancelled_one_by_one(kernel: Kernel) -> None:
    kernel.ok("%autoawait trio")
    started = kernel.ok(
        "import trio\nasync def tick():\n    try:\n        await trio.sleep(1000)\n    finally:\n        print('ended')\n"
        "GLOBAL_NURSERY.start_soon(tick)\nGLOBAL_NURSERY.start_soon(tick)\nawait trio.sleep(0)"
    )
    started_by = re.escape(f"In [{started.reply['execution_count']}]")
    row = re.compile(rf"^(\d+) +task +{started_by} +tick\(\) in GLOBAL_NURSERY +Cell", re.MULTILINE)
    first, second = row.findall(kernel.ok("%tasks").stdout)
    kernel.ok(f"%cancel {first}")
    started.wait_for("ended\n")
    assert row.findall(kernel.ok("await trio.sleep(0.01)\n%tasks").stdout) == [second]
    kernel.ok(f"%cancel {second}")
    started.wait_for("ended\nended\n")
    assert kernel.ok("await trio.sleep(0.01)\nlen(GLOBAL_NURSERY.child_tasks)").result == "0"
    kernel.ok("%autoawait asyncio")


def test_numbers_stay(concurrent: Kernel) -> None:
    cells = [begin(concurrent) for _ in range(2)]

    def numbers() -> list[str]:
        return re.findall(r"^(\d+) +cell +In \[\d+\] +import asyncio$", concurrent.ok("%tasks").stdout, re.MULTILINE)

    before = numbers()
    assert len(before) == 2
    concurrent.ok(f"%cancel {before[0]}")
    assert ended(cells[0]) == "KeyboardInterrupt"
    assert numbers() == before[1:]
    concurrent.ok(f"%cancel {before[1]}")
    assert ended(cells[1]) == "KeyboardInterrupt"


def test_autocancel(kernel: Kernel) -> None:
    start = (
        "import asyncio\nasync def child():\n    try:\n        await asyncio.sleep(1000)\n"
        "    finally:\n        print('child ended')\ntask = asyncio.create_task(child())\n"
        "await asyncio.sleep(0)\nprint('begun')\nawait asyncio.sleep(1000)"
    )
    kernel.ok("%autocancel on")
    assert kernel.ok("%autocancel").stdout == "Tasks end when the cell that started them is interrupted.\n"
    cell = begin(kernel, start)
    kernel.interrupt("message")
    assert ended(cell) == "KeyboardInterrupt"
    cell.wait_for("child ended")
    assert kernel.ok("task.cancelled()").result == "True"
    kernel.ok("%autocancel off")
    cell = begin(kernel, start)
    kernel.interrupt("message")
    assert ended(cell) == "KeyboardInterrupt"
    assert kernel.ok("task.done()").result == "False"
    kernel.ok("task.cancel();")


# -- without IPython


def test_without_ipython(bare: Kernel) -> None:
    kernel = bare
    kernel.ok("import asyncio\ngo = asyncio.Event()")
    first = begin(kernel, "%%concurrent\nprint('begun')\nawait go.wait()\n1/0")
    kernel.ok("%concurrent on")
    second = begin(kernel, "print('begun')\nawait go.wait()\n'second'")
    listed = kernel.ok("%tasks").stdout
    assert re.search(r"^\d+ +cell +In \[2\] +print\('begun'\)$", listed, re.MULTILINE), listed
    third = begin(kernel)
    kernel.interrupt("message")
    assert ended(third) == "KeyboardInterrupt"
    kernel.ok("go.set()")
    assert second.wait().result == "'second'"
    assert ended(first) == "ZeroDivisionError"
    assert "Cell In[2], line 4" in first.traceback
    assert kernel.run("%cancel 99").reply["evalue"] == "there is no task 99: %tasks shows those that there are"
