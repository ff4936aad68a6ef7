"""``%%thread``: synchronous cells on threads of their own, while the loop and later cells go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel, Request, plain

pytestmark = pytest.mark.everloop_only("other kernels have no cells on threads")

BUSY = "%%thread\nprint('begun')\nwhile True: pass"
#: What a thread may be in when it is interrupted; each says `begun` first.
WAITS = {
    "busy loop": "while True: pass",
    "sleep": "import time\ntime.sleep(1000)",
    "socket": "import socket\na, b = socket.socketpair()\na.recv(1)",
    "pipe": "import os\nr, w = os.pipe()\nos.read(r, 1)",
    "subprocess": "import subprocess\nsubprocess.run(['sleep', '1000'])",
    "event": "import threading\nthreading.Event().wait()",
    "queue": "import queue\nqueue.Queue().get()",
    "future": "import concurrent.futures\nconcurrent.futures.Future().result()",
    "asyncio.run": "import asyncio\nasyncio.run(asyncio.sleep(1000))",
    "shell": "!sleep 1000",
}


def begin(kernel: Kernel, code: str) -> Request:
    return kernel.submit(code).wait_for("begun")


def ended(cell: Request) -> str:
    """The name of the error that ended the cell, with its text if there is one; "" for none."""
    reply = cell.wait(20).reply
    return ": ".join(filter(None, (reply.get("ename"), reply.get("evalue"))))


def test_the_loop_and_later_cells_go_on(kernel: Kernel) -> None:
    kernel.ok("import threading, asyncio\ngo = threading.Event()")
    cell = begin(kernel, "%%thread\nprint('begun')\ngo.wait()\nprint('goes on')\n'value'")
    assert kernel.ok("await asyncio.sleep(0.01)\n'later'").result == "'later'"
    background = kernel.ok("async def f():\n    print('background')\nt = asyncio.create_task(f())")
    background.wait_for("background")
    assert not cell.replies
    kernel.ok("go.set()")
    assert cell.wait().result == "'value'"
    assert cell.stdout == "begun\ngoes on\n"
    assert kernel.ok(f"Out[{cell.reply['execution_count']}]").result == "'value'"


def test_it_runs_on_another_thread_in_the_same_namespace(kernel: Kernel) -> None:
    kernel.ok("import threading\nmain = threading.get_ident()")
    assert kernel.ok("%%thread\nown = threading.get_ident()\nown != main").result == "True"
    assert kernel.ok("own != main").result == "True"
    assert kernel.ok("threading.get_ident() == main").result == "True"


def test_two_at_once_each_with_its_own_output(kernel: Kernel) -> None:
    kernel.ok("import threading\nbarrier = threading.Barrier(2)")
    code = "%%thread\ndef {0}():\n    for i in range(5):\n        barrier.wait()\n        print('{0}', i)\n{0}()\n'{0}'"
    cells = [kernel.submit(code.format(name)) for name in "ab"]
    for name, cell in zip("ab", cells, strict=True):
        assert cell.wait().stdout == "".join(f"{name} {i}\n" for i in range(5))
        assert cell.result == repr(name)


def test_an_error(kernel: Kernel) -> None:
    cell = kernel.run("%%thread\n\ndef f():\n    return 1 / 0\nf()")
    assert cell.reply["ename"] == "ZeroDivisionError"
    number = cell.reply["execution_count"]
    assert f"Cell In[{number}], line 5" in cell.traceback
    assert f"Cell In[{number}], line 4, in f()" in cell.traceback
    assert "everloop" not in cell.traceback
    assert kernel.ok("'well'").result == "'well'"


def test_displays_streams_and_questions(kernel: Kernel) -> None:
    cell = kernel.submit(
        "%%thread\nimport sys\nfrom IPython.display import HTML\ndisplay(HTML('<b>shown</b>'))\n"
        "print('to stderr', file=sys.stderr)\ninput('name? ')"
    )
    question = kernel.question(cell)
    assert question.content["prompt"] == "name? "
    assert kernel.ok("'meanwhile'").result == "'meanwhile'"
    kernel.answer(question, "Ada")
    assert cell.wait().result == "'Ada'"
    assert cell.stderr == "to stderr\n"
    assert [content["data"]["text/html"] for content in cell.published("display_data")] == ["<b>shown</b>"]


def test_magics(kernel: Kernel) -> None:
    cell = kernel.ok("%%thread\n!echo from the shell\n%time 6 * 7")
    assert "from the shell" in cell.stdout
    assert "Wall time: " in cell.stdout
    cell = kernel.ok("%%thread\n%%time\nimport threading\nthreading.current_thread().name")
    assert cell.result == "'cell'"
    cell = kernel.ok("%%time\n%%thread\nthreading.current_thread().name")
    assert cell.result == "'cell'"


def test_it_cannot_await(kernel: Kernel) -> None:
    cell = kernel.run("%%thread\nimport asyncio\nawait asyncio.sleep(0)")
    assert cell.reply["ename"] == "CannotAwait"
    assert "use asyncio.run(...) there" in cell.reply["evalue"]
    assert kernel.ok("%%thread\nasyncio.run(asyncio.sleep(0, 'ran'))").result == "'ran'"


def test_in_a_mode_of_another_library(kernel: Kernel) -> None:
    kernel.ok("%autoawait trio")
    assert kernel.ok("%%thread\n6 * 7").result == "42"
    assert kernel.run("%%thread\nimport trio\nawait trio.sleep(0)").reply["ename"] == "CannotAwait"
    assert kernel.ok("%%thread\ntrio.run(trio.sleep, 0)\n'ran'").result == "'ran'"
    # A command is awaited by asyncio, whatever drives the cells.
    assert kernel.ok("%%thread\n!echo heard").stdout == "heard\r\n"
    kernel.ok("%autoawait asyncio")


def test_words_for_mistakes(kernel: Kernel) -> None:
    cell = kernel.run("%%thread now\n1")
    assert "%%thread takes no arguments, not 'now'" in plain(cell.stderr)


@pytest.mark.parametrize("how", ["message", "signal"])
@pytest.mark.parametrize("name", WAITS)
def test_an_interrupt(kernel: Kernel, name: str, how: str) -> None:
    cell = begin(kernel, f"%%thread\nprint('begun')\n{WAITS[name]}")
    kernel.interrupt(how)
    if name == "shell":
        # IPython's command ends, with a word, and the cell goes on.
        assert ended(cell) in ("", "KeyboardInterrupt")
    else:
        assert ended(cell) == "KeyboardInterrupt"
        # Between two statements there is no line to name.
        assert "asyncio.tasks" not in cell.traceback or name == "asyncio.run"
    assert kernel.ok("'well'").result == "'well'"


@pytest.mark.parametrize("name", ["busy loop", "sleep", "socket", "event"])
def test_it_is_interrupted_while_the_interpreter_thread_is_busy(kernel: Kernel, name: str) -> None:
    """A second interrupt means all cells that run: also the one on the thread, while the loop has no turn."""
    kernel.ok("interrupted = False")
    lines = "".join(f"    {line}\n" for line in WAITS[name].splitlines())
    cell = begin(
        kernel, f"%%thread\ntry:\n    print('begun')\n{lines}except KeyboardInterrupt:\n    interrupted = True"
    )
    busy = begin(
        kernel,
        "print('begun')\nwhile not interrupted:\n    try:\n        while not interrupted: pass\n"
        "    except KeyboardInterrupt: pass\n'seen'",
    )
    kernel.interrupt("message")
    kernel.interrupt("message")
    # The second one may meet it in the few instructions outside of its inner `try`.
    assert ended(busy) in ("", "KeyboardInterrupt")
    assert ended(cell) == ""
    assert kernel.ok("interrupted").result == "True"


def test_an_interrupt_can_be_caught(kernel: Kernel) -> None:
    cell = begin(
        kernel,
        "%%thread\ntry:\n    print('begun')\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')\n'went on'",
    )
    kernel.interrupt("message")
    assert cell.wait().result == "'went on'"
    assert cell.stdout == "begun\ncaught\n"


def test_an_interrupt_means_the_last_and_a_second_one_all(kernel: Kernel) -> None:
    cells = [begin(kernel, BUSY) for _ in range(3)]
    kernel.interrupt("message")
    assert ended(cells[2]) == "KeyboardInterrupt"
    kernel.ok("0")
    assert not any(cell.replies for cell in cells[:2])
    kernel.interrupt("message")
    kernel.interrupt("message")
    assert [ended(cell) for cell in cells[:2]] == ["KeyboardInterrupt"] * 2


def test_a_later_cell_is_never_hit(kernel: Kernel) -> None:
    for n in range(20):
        cell = begin(kernel, "%%thread\nprint('begun')\nimport time\ntime.sleep(1000)")
        for _ in range(5):
            kernel.request("interrupt_request", channel="control")
        assert ended(cell) == "KeyboardInterrupt"
        kernel.request("kernel_info_request", channel="control").wait()
        assert kernel.ok(f"%%thread\nfor _ in range(1000): pass\n{n}").result == str(n)


def test_tasks_lists_and_cancels_it(kernel: Kernel) -> None:
    cell = begin(kernel, BUSY)
    listed = kernel.ok("%tasks").stdout
    (line,) = [line for line in listed.splitlines() if "print('begun')" in line]
    assert line.endswith("on a thread")
    kernel.ok(f"%cancel {line.split()[0]}")
    assert ended(cell) == "KeyboardInterrupt"


def test_context_variables(kernel: Kernel) -> None:
    kernel.ok("import contextvars\nvar = contextvars.ContextVar('var', default='unset')\nvar.set('before')")
    assert kernel.ok("%%thread\nvar.set('on the thread')\nvar.get()").result == "'on the thread'"
    assert kernel.ok("var.get()").result == "'before'"


def test_deep_recursion(kernel: Kernel) -> None:
    assert kernel.ok("%%thread\ndef depth(n): return n and 1 + depth(n - 1)\ndepth(900)").result == "900"
    cell = kernel.run("%%thread\ndef endless(): endless()\nendless()")
    assert cell.reply["ename"] == "RecursionError"


def test_shutdown_does_not_wait_for_it(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    begin(kernel, BUSY)
    kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    assert kernel.wait_exit(20) < 20


def test_without_ipython(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    cell = begin(kernel, "%%thread\nprint('begun')\nimport time\ntime.sleep(1000)")
    assert kernel.ok("'later'").result == "'later'"
    kernel.interrupt("message")
    assert ended(cell) == "KeyboardInterrupt"
    assert "Cell In[1], line 4" in cell.traceback
    assert kernel.ok("%%thread\nx = 6\nx * 7").result == "42"
    assert kernel.run("%%thread\nawait f()").reply["ename"] == "CannotAwait"
