"""Code that breaks what the kernel itself is built on: streams, hooks, builtins, modules, asyncio and its loop."""

from __future__ import annotations

import pytest
from client import Kernel
from reliability import process
from worst import answers, each, survives

#: MB that the allocator may keep of a gigabyte for the next one.
KEPT = 100

BROKEN_STREAM = """
import sys
class Broken:
    def write(self, text): raise {0}
    def flush(self): raise {0}
    def __getattr__(self, name): raise {0}
sys.stdout = sys.stderr = Broken()
"""

STREAMS = {
    "stdout is None": "import sys\nsys.stdout = None",
    "both are None": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = sys.stdin = None",
    "deleted": "import sys\ndel sys.stdout, sys.stderr",
    "raise": BROKEN_STREAM.format("OSError('no')"),
    "exit": BROKEN_STREAM.format("SystemExit"),
}


@pytest.mark.everloop_only("ipykernel does not answer any more")
@each("code", STREAMS)
def test_streams_that_are_broken(fresh_kernel: Kernel, code: str) -> None:
    """Also at once, when IPython is loaded with them, and when there is an error to show."""
    fresh_kernel.ok(code)
    cell = fresh_kernel.run("1 / 0")
    assert cell.reply["ename"] == "ZeroDivisionError"
    assert "ZeroDivisionError" in cell.traceback
    fresh_kernel.run("import asyncio\nasyncio.get_running_loop().call_soon(lambda: 1 / 0)\nawait asyncio.sleep(0.1)")
    assert answers(fresh_kernel)


def test_stdout_that_is_closed(kernel: Kernel) -> None:
    kernel.run("import sys\nsys.stdout.close()")
    assert kernel.run("print('all the same')").stdout == "all the same\n"


HOOKS = {
    "excepthook": "import sys\nsys.excepthook = 1",
    "displayhook": "import sys\nsys.displayhook = 1",
    "unraisablehook": "import sys\nsys.unraisablehook = 1\nclass A:\n    def __del__(self): 1 / 0\na = A()\ndel a",
    "excepthook of threads": "import threading\nthreading.excepthook = 1\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
    "trace": "import sys\ndef trace(*a): raise ValueError('trace')\nsys.settrace(trace)",
    "profile": "import sys\ndef profile(*a): raise ValueError('profile')\nsys.setprofile(profile)",
    "trace of threads": "import threading\ndef trace(*a): raise ValueError('trace')\nthreading.settrace(trace)\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    "linecache": "import linecache, traceback\nlinecache.getlines = traceback.format_exception = 1",
    "warnings": "import warnings\nwarnings.showwarning = 1",
    "sys.path": "get_ipython()\nimport sys\nsys.path = None",
    "sys.meta_path": "get_ipython()\nimport sys\nsys.meta_path.clear()",
    "print": "del __builtins__.print",
    "InteractiveTB": "get_ipython().showtraceback = 1\nget_ipython().InteractiveTB = None",
    "custom exceptions": "def handler(*a): raise SystemExit\nget_ipython().set_custom_exc((Exception,), handler)",
}


@each("code", HOOKS)
def test_hooks_that_are_broken(fresh_kernel: Kernel, code: str) -> None:
    fresh_kernel.run(code)
    fresh_kernel.run("1 / 0")
    fresh_kernel.run("print(1)")
    assert answers(fresh_kernel)


RUINS = {
    "import": "import builtins\nbuiltins.__import__ = None",
    "sys.modules": "import sys\nsys.modules.clear()",
    "asyncio": "import asyncio\nfor name in list(vars(asyncio)):\n    if not name.startswith('__'): setattr(asyncio, name, None)",
    "os": "import os\nfor name in list(vars(os)):\n    if not name.startswith('__'): setattr(os, name, None)\n1 / 0",
    "all builtins": "import builtins\nbuiltins.__dict__.clear()",
    "names": "import builtins\nfor name in ('str', 'len', 'type', 'isinstance', 'getattr', 'list'): setattr(builtins, name, None)\n1 / 0",
}


@pytest.mark.everloop_only("ipykernel neither answers nor ends")
@each("code", RUINS)
def test_what_is_ruined_is_answered_and_can_be_shut_down(fresh_kernel: Kernel, code: str) -> None:
    """Nothing can be expected of cells from then on but a reply, as a CPython without its builtins runs none."""
    fresh_kernel.run(code)
    assert fresh_kernel.run("6 * 7").reply["status"] in ("ok", "error")
    fresh_kernel.request("kernel_info_request").wait()
    fresh_kernel.expects_death = True
    fresh_kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    fresh_kernel.wait_exit(5)


LOOPS = {
    "no current loop": "asyncio.set_event_loop(None)",
    "another loop": "asyncio.set_event_loop(asyncio.new_event_loop())\nawait asyncio.sleep(0.01)",
    "stop": "asyncio.get_running_loop().stop()\nawait asyncio.sleep(0.01)",
    "close": "loop = asyncio.get_running_loop()\nloop.call_soon(loop.close)\nawait asyncio.sleep(0.01)",
    "cancel all": "for task in asyncio.all_tasks(): task.cancel()",
    "swallow": "async def stubborn():\n    while True:\n        try: await asyncio.sleep(0.01)\n        except asyncio.CancelledError: pass\ntask = asyncio.create_task(stubborn())\nawait asyncio.sleep(0.02)\ntask.cancel()\nawait asyncio.sleep(0.02)",
    "task factory": "asyncio.get_running_loop().set_task_factory(lambda *a, **k: None)",
    "exception handler": "def handler(*a): raise SystemExit\nloop = asyncio.get_running_loop()\nloop.set_exception_handler(handler)\nloop.call_soon(lambda: 1 / 0)\nawait asyncio.sleep(0.01)",
    "flood": "loop = asyncio.get_running_loop()\ndef again(): loop.call_soon(again)\nagain()",
    "exit of a task": "async def leave(): raise SystemExit\ntask = asyncio.create_task(leave())\nawait asyncio.sleep(0.01)",
    "exit of a callback": "asyncio.get_running_loop().call_soon(exec, 'raise SystemExit')\nawait asyncio.sleep(0.01)",
    "exit of a thread": "import threading\nt = threading.Thread(target=exec, args=('raise SystemExit',))\nt.start()\nt.join()",
}


@pytest.mark.everloop_only("some of them end ipykernel")
@each("code", LOOPS)
def test_the_loop_goes_on(fresh_kernel: Kernel, code: str) -> None:
    survives(fresh_kernel, f"import asyncio\n{code}")
    survives(fresh_kernel, "import asyncio\nawait asyncio.sleep(0)" if "task_factory" not in code else "1")


def test_cancelling_all_tasks_ends_the_cell_that_does(kernel: Kernel) -> None:
    survives(
        kernel,
        "import asyncio\nfor task in asyncio.all_tasks(): task.cancel()\nawait asyncio.sleep(1)",
        "CancelledError",
    )


CLOSES = """
import asyncio
for task in asyncio.all_tasks():
    if task.get_name() == "cell 2": task.get_coro().close()
"""


@pytest.mark.everloop_only("other kernels run one cell at a time")
@pytest.mark.parametrize("before", ["1", "get_ipython();"], ids=["bare", "IPython"])
def test_a_cell_that_is_given_up_is_not_shown_under_another(fresh_kernel: Kernel, before: str) -> None:
    fresh_kernel.ok(before)
    given_up = fresh_kernel.submit("%%concurrent\nprint('begun')\nawait __import__('asyncio').sleep(1000)")
    given_up.wait_for("begun")
    cell = survives(fresh_kernel, CLOSES)
    assert cell.stderr == ""
    assert given_up.published("error") == []


@pytest.mark.parametrize(
    "code", ["gc.freeze()", "gc.disable()", "gc.set_threshold(1)", "gc.set_debug(gc.DEBUG_LEAK)\ngc.collect();"]
)
def test_garbage_collection(fresh_kernel: Kernel, code: str) -> None:
    survives(fresh_kernel, f"import gc\n{code}")
    survives(fresh_kernel, "import gc\nlen([[] for _ in range(20_000)])\ngc.collect();")


MILLION = """
import asyncio
finished = 0
async def nothing():
    global finished
    finished += 1
tasks = [asyncio.create_task(nothing()) for _ in range(1_000_000)]
print("made")
await asyncio.gather(*tasks)
del tasks
print(finished)
"""


@pytest.mark.everloop_only("ipykernel answers nothing meanwhile")
def test_a_million_tasks(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("1 / 1")
    fresh_kernel.ok(MILLION.replace("1_000_000", "1_000"))
    before = process.memory(fresh_kernel.pid)[0]
    cell = fresh_kernel.submit(MILLION, store_history=False).wait_busy()
    # While it makes them, and while they run.
    for printed in ("", "made"):
        cell.wait_for(printed, limit=60)
        fresh_kernel.request("kernel_info_request").wait()
        completion = fresh_kernel.request("complete_request", {"code": "finish", "cursor_pos": 6})
        assert completion.wait().reply["status"] == "ok"
    assert cell.wait(60).stdout == "made\n1000000\n"
    fresh_kernel.ok("import gc\ngc.collect();")
    assert answers(fresh_kernel)
    # It is given back behind the reply.
    fresh_kernel.until(lambda: process.memory(fresh_kernel.pid)[0] < before + KEPT, f"{before:.0f} MB and a few")


def test_a_thousand_threads(kernel: Kernel) -> None:
    code = """
    import threading
    go = threading.Event()
    threads = [threading.Thread(target=go.wait) for _ in range(1000)]
    for thread in threads: thread.start()
    go.set()
    for thread in threads: thread.join()
    """
    survives(kernel, code)
