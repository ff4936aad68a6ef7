"""Whose cell an output belongs to: tasks, callbacks, threads, executors, child processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from client import Kernel, plain

BACKGROUND = """
import asyncio
async def repeat(text, n, pause=0.01):
    for i in range(n):
        print(text, i)
        await asyncio.sleep(pause)
"""


@pytest.fixture
def kernel(kernel: Kernel) -> Kernel:
    kernel.ok(BACKGROUND)
    return kernel


# -- tasks


def test_a_background_task_prints_under_its_own_cell_after_idle(kernel: Kernel) -> None:
    cell = kernel.ok("task = asyncio.create_task(repeat('background', 10));")
    cell.wait_for("background 9\n")
    assert cell.stdout == "".join(f"background {i}\n" for i in range(10))
    assert cell.published_types.count("status") == 2


def test_it_does_so_while_other_cells_run(kernel: Kernel) -> None:
    first = kernel.ok(
        "stop = False\nasync def forever():\n    while not stop:\n        print('tick')\n        await asyncio.sleep(0.005)"
    )
    first = kernel.ok("task = asyncio.create_task(forever());")
    other = kernel.ok("print('other')\nawait asyncio.sleep(0.1)\nprint('cell')")
    kernel.ok("stop = True\nawait task")
    assert other.stdout == "other\ncell\n"
    assert set(first.stdout.split()) == {"tick"}


def test_two_background_tasks_keep_apart(kernel: Kernel) -> None:
    one = kernel.submit("task_one = asyncio.create_task(repeat('one', 20, 0.003));")
    two = kernel.submit("task_two = asyncio.create_task(repeat('two', 20, 0.002));")
    one.wait().wait_for("one 19")
    two.wait().wait_for("two 19")
    assert "two" not in one.stdout
    assert "one" not in two.stdout


def test_a_task_of_a_task_belongs_to_the_same_cell(kernel: Kernel) -> None:
    cell = kernel.ok(
        "async def outer(): await asyncio.create_task(repeat('inner', 3))\ntask = asyncio.create_task(outer());"
    )
    cell.wait_for("inner 2")


def test_callbacks_belong_to_the_cell_that_scheduled_them(kernel: Kernel) -> None:
    cell = kernel.ok(
        "loop = asyncio.get_running_loop()\nloop.call_later(0.05, print, 'later')\nloop.call_soon(print, 'soon')\n"
        "loop.call_later(0.06, lambda: loop.call_soon(print, 'nested'));"
    )
    other = kernel.ok("await asyncio.sleep(0.1)")
    cell.wait_for("soon").wait_for("later").wait_for("nested")
    assert other.stdout == ""


def test_displays_of_a_background_task(kernel: Kernel) -> None:
    cell = kernel.ok(
        "async def show():\n    await asyncio.sleep(0.05)\n    display('from the background')\ntask = asyncio.create_task(show());"
    )
    assert cell.wait_published("display_data")[0]["data"]["text/plain"] == "'from the background'"


def test_stderr_of_a_background_task(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import sys\nasync def warn():\n    await asyncio.sleep(0.05)\n    print('careful', file=sys.stderr)\ntask = asyncio.create_task(warn());"
    )
    cell.wait_for("careful", stream="stderr")


@pytest.mark.everloop_only("ipykernel says nothing until the task is collected, and then under the latest cell")
@pytest.mark.parametrize("keeps", ["task = ", ""], ids=["referenced", "forgotten"])
def test_an_exception_in_a_background_task_shows_under_its_cell(kernel: Kernel, keeps: str) -> None:
    kernel.ok("async def fail():\n    await asyncio.sleep(0.05)\n    raise LookupError('lost in the background')")
    cell = kernel.ok(f"{keeps}asyncio.create_task(fail());")

    def shown() -> bool:
        texts = [cell.stderr, *("\n".join(error["traceback"]) for error in cell.published("error"))]
        return "LookupError: lost in the background" in plain("".join(texts))

    kernel.until(shown, "the exception of a background task", 10)
    assert kernel.ok("'unharmed'").result == "'unharmed'"


@pytest.mark.everloop_only("ipykernel logs it where nobody looks")
def test_an_exception_in_a_callback_shows_under_its_cell(kernel: Kernel) -> None:
    cell = kernel.ok(
        "def boom(): raise LookupError('lost in a callback')\nasyncio.get_running_loop().call_later(0.01, boom);"
    )

    def shown() -> bool:
        texts = [cell.stderr, *("\n".join(error["traceback"]) for error in cell.published("error"))]
        return "LookupError: lost in a callback" in plain("".join(texts))

    kernel.until(shown, "the exception of a callback", 10)


def test_a_task_whose_exception_is_awaited_is_not_reported(kernel: Kernel) -> None:
    kernel.ok("async def fail(): raise LookupError('handled')")
    cell = kernel.ok(
        "task = asyncio.create_task(fail())\ntry:\n    await task\nexcept LookupError as e:\n    print('caught', e)"
    )
    after = kernel.ok("import gc\ndel task\ngc.collect();")
    assert cell.stdout == "caught handled\n"
    assert "handled" not in cell.stderr + after.stderr
    assert (cell.error, after.error) == (None, None)


# -- threads


@pytest.mark.everloop_only("ipykernel gives a thread's output to the latest cell")
def test_a_thread_prints_under_its_cell(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cell = kernel.ok(
        f"import os, threading, time\ndef work():\n    while not os.path.exists({str(gate)!r}): time.sleep(0.005)\n"
        "    print('from a thread')\nthread = threading.Thread(target=work)\nthread.start()"
    )
    other = kernel.ok(f"import pathlib\npathlib.Path({str(gate)!r}).touch()\nthread.join()")
    cell.wait_for("from a thread\n")
    assert other.stdout == ""


def test_a_thread_that_is_joined_prints_before_idle(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import threading\nthread = threading.Thread(target=print, args=('joined',))\nthread.start()\nthread.join()"
    )
    assert cell.stdout == "joined\n"


def test_many_threads_lose_nothing(kernel: Kernel) -> None:
    cell = kernel.ok("""
import sys, threading
def work(n):
    for i in range(200): sys.stdout.write(f'thread {n} line {i}\\n')
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
""")
    assert sorted(cell.stdout.split("\n")[:-1]) == sorted(f"thread {n} line {i}" for n in range(8) for i in range(200))


@pytest.mark.parametrize(
    "call", ["asyncio.to_thread(print, 'from there')", "loop.run_in_executor(None, print, 'from there')"]
)
def test_executors_print_under_their_cell(kernel: Kernel, call: str) -> None:
    assert kernel.ok(f"loop = asyncio.get_running_loop()\nawait {call}").stdout == "from there\n"


@pytest.mark.everloop_only("ipykernel gives an executor's output to the latest cell")
@pytest.mark.parametrize(
    "start", ["loop.run_in_executor(None, work)", "pool.submit(work)"], ids=["run_in_executor", "ThreadPoolExecutor"]
)
def test_an_executor_prints_under_its_cell_later(kernel: Kernel, tmp_path: Path, start: str) -> None:
    gate = tmp_path / "gate"
    kernel.ok(
        "import os, time, pathlib, concurrent.futures\nloop = asyncio.get_running_loop()\npool = concurrent.futures.ThreadPoolExecutor(1)\n"
        f"def work():\n    while not os.path.exists({str(gate)!r}): time.sleep(0.005)\n    print('from the pool')\n"
        "pool.submit(int).result();"
    )
    cell = kernel.ok(f"future = {start};")
    other = kernel.ok(f"pathlib.Path({str(gate)!r}).touch()\nwhile not future.done(): await asyncio.sleep(0.005)")
    cell.wait_for("from the pool\n")
    assert other.stdout == ""


def test_an_exception_in_a_thread_is_shown(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import threading\ndef boom(): raise LookupError('lost in a thread')\nt = threading.Thread(target=boom)\nt.start(); t.join()"
    )
    kernel.until(lambda: "LookupError: lost in a thread" in plain(cell.stderr), "the exception of a thread")


# -- what bypasses sys.stdout


@pytest.mark.parametrize(
    ("code", "stream"),
    [
        ("import subprocess\nsubprocess.run(['echo', 'hi']);", "stdout"),
        ("import subprocess\nsubprocess.run('echo hi >&2', shell=True);", "stderr"),
        ("import os\nos.write(1, b'hi\\n');", "stdout"),
        ("import os\nos.write(2, b'hi\\n');", "stderr"),
        ("import os\nos.system('echo hi');", "stdout"),
        ("process = await asyncio.create_subprocess_shell('echo hi')\nawait process.wait();", "stdout"),
    ],
)
def test_output_of_descriptors_is_shown_before_idle(kernel: Kernel, code: str, stream: str) -> None:
    cell = kernel.ok(code)
    if not kernel.manager.kernel_name.startswith("everloop"):
        cell.wait_for("hi\n", stream)
    assert cell.stream(stream) == "hi\n"


def test_a_child_in_the_background_prints_after_idle(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cell = kernel.ok(
        f"import subprocess\nchild = subprocess.Popen('while [ ! -e {gate} ]; do sleep 0.01; done; echo child', shell=True)"
    )
    gate.touch()
    cell.wait_for("child\n")
    kernel.ok("child.wait();")


def test_a_megabyte_from_a_child_is_whole(kernel: Kernel) -> None:
    cell = kernel.ok("import subprocess\nsubprocess.run('head -c 1000000 /dev/zero | tr \"\\\\0\" x', shell=True);")
    kernel.until(lambda: len(cell.stdout) >= 1_000_000, "a million characters of a child")
    assert cell.stdout == "x" * 1_000_000


def test_output_that_is_not_utf_8_is_no_obstacle(kernel: Kernel) -> None:
    cell = kernel.ok("import os\nos.write(1, b'\\xff\\xfe then text\\n');")
    cell.wait_for("then text\n")


def test_sys_stdout_is_a_text_stream(kernel: Kernel) -> None:
    code = "import sys\nsys.stdout.write('a'), sys.stdout.isatty(), sys.stdout.encoding.lower(), sys.stdout.writable(), sys.stdout.fileno() >= 0"
    assert kernel.ok(code).result == "(1, False, 'utf-8', True, True)"
    assert kernel.ok("sys.stdout.writelines(['a', 'b']); sys.stdout.flush()").stdout == "ab"
    assert kernel.run("sys.stdout.write(b'bytes')").reply["ename"] == "TypeError"


def test_redirect_stdout(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out: print('caught')\nout.getvalue()"
    )
    assert cell.stdout == ""
    assert cell.result == "'caught\\n'"


def test_logging_and_warnings(kernel: Kernel) -> None:
    cell = kernel.ok("import logging, warnings\nlogging.warning('logged')\nwarnings.warn('warned')")
    assert "logged" in cell.stderr
    assert "UserWarning: warned" in cell.stderr


def test_print_without_newline_and_flush(kernel: Kernel) -> None:
    cell = kernel.submit("import asyncio\nprint('half', end='')\nawait asyncio.sleep(0.3)\nprint(' done')")
    cell.wait_for("half")
    assert cell.wait().stdout == "half done\n"


def test_output_arrives_while_a_synchronous_cell_runs(kernel: Kernel, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    cell = kernel.submit(f"import os, time\nprint('begun')\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.005)")
    cell.wait_for("begun")
    assert not cell.replies
    gate.touch()
    cell.wait()
