"""The loop entered again from inside a cell: ``asyncio.run``, ``asyncio.Runner`` and ``run_until_complete``."""

from __future__ import annotations

from client import Kernel

PRELUDE = """
import asyncio
async def give(value):
    await asyncio.sleep(0.01)
    return value
"""


def test_run_returns_and_raises(kernel: Kernel) -> None:
    kernel.ok(PRELUDE)
    assert kernel.ok("asyncio.run(give(5))").result == "5"
    error = kernel.run("async def fail():\n    raise ValueError('no')\nasyncio.run(fail())").error
    assert error is not None
    assert (error["ename"], error["evalue"]) == ("ValueError", "no")
    assert kernel.run("asyncio.run(3)").error["ename"] == "TypeError"


def test_nesting_three_deep(kernel: Kernel) -> None:
    code = """
async def inner(): return asyncio.get_running_loop()
async def middle(): return asyncio.run(inner())
async def outer(): return asyncio.run(middle())
asyncio.run(outer()) is asyncio.get_running_loop()
"""
    assert kernel.ok(PRELUDE + code).result == "True"


def test_other_tasks_go_on(kernel: Kernel) -> None:
    code = """
event = asyncio.Event()
async def other():
    print('other')
    event.set()
task = asyncio.create_task(other())
asyncio.get_event_loop().run_until_complete(event.wait())
"""
    cell = kernel.ok(PRELUDE + code)
    assert (cell.stdout, cell.result) == ("other\n", "True")


def test_run_cancels_what_it_started_and_nothing_else(kernel: Kernel) -> None:
    code = """
mine = asyncio.create_task(asyncio.sleep(60))
async def main():
    global child
    child = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
asyncio.run(main(), debug=True)
child.cancelled(), mine.done(), mine.cancel(), asyncio.get_running_loop().get_debug()
"""
    assert kernel.ok(PRELUDE + code).result == "(True, False, True, False)"


def test_a_runner_runs_twice_in_one_context(kernel: Kernel) -> None:
    code = """
import contextvars
var = contextvars.ContextVar('var', default=0)
async def step():
    var.set(var.get() + 1)
    return var.get()
with asyncio.Runner() as runner:
    counts = [runner.run(step()), runner.run(step())]
counts, var.get()
"""
    assert kernel.ok(PRELUDE + code).result == "([1, 2], 0)"


def test_an_interrupt_ends_the_innermost_run(kernel: Kernel) -> None:
    code = """
async def main():
    print('running')
    await asyncio.sleep(60)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print('interrupted')
"""
    cell = kernel.submit(PRELUDE + code)
    cell.wait_for("running")
    kernel.interrupt("message")
    assert cell.wait().stdout == "running\ninterrupted\n"
    assert kernel.ok("1 + 1").result == "2"


def test_threads_have_loops_of_their_own(kernel: Kernel) -> None:
    code = """
import threading
results = []
thread = threading.Thread(target=lambda: results.append(asyncio.run(give(7))))
thread.start()
thread.join()
results
"""
    assert kernel.ok(PRELUDE + code).result == "[7]"
