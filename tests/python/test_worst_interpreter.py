"""Code that breaks what the kernel itself is built on: streams, hooks, builtins, modules, asyncio and its loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client import Kernel
from worst import answers, survives

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
@pytest.mark.parametrize("code", STREAMS.values(), ids=STREAMS)
def test_streams_that_are_broken(start_kernel: Callable[..., Kernel], code: str) -> None:
    """Also at once, when IPython is loaded with them, and when there is an error to show."""
    kernel = start_kernel()
    kernel.ok(code)
    cell = kernel.run("1 / 0")
    assert cell.reply["ename"] == "ZeroDivisionError"
    assert "ZeroDivisionError" in cell.traceback
    kernel.run("import asyncio\nasyncio.get_running_loop().call_soon(lambda: 1 / 0)\nawait asyncio.sleep(0.1)")
    assert answers(kernel)


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


@pytest.mark.parametrize("code", HOOKS.values(), ids=HOOKS)
def test_hooks_that_are_broken(start_kernel: Callable[..., Kernel], code: str) -> None:
    kernel = start_kernel()
    kernel.run(code)
    kernel.run("1 / 0")
    kernel.run("print(1)")
    assert answers(kernel)


RUINS = {
    "import": "import builtins\nbuiltins.__import__ = None",
    "sys.modules": "import sys\nsys.modules.clear()",
    "asyncio": "import asyncio\nfor name in list(vars(asyncio)):\n    if not name.startswith('__'): setattr(asyncio, name, None)",
    "os": "import os\nfor name in list(vars(os)):\n    if not name.startswith('__'): setattr(os, name, None)\n1 / 0",
    "names": "import builtins\nfor name in ('str', 'len', 'type', 'isinstance', 'getattr', 'list'): setattr(builtins, name, None)\n1 / 0",
}


@pytest.mark.everloop_only("ipykernel neither answers nor ends")
@pytest.mark.parametrize("code", RUINS.values(), ids=RUINS)
def test_what_is_ruined_is_answered_and_can_be_shut_down(start_kernel: Callable[..., Kernel], code: str) -> None:
    """Nothing can be expected of cells from then on but a reply, as a CPython without its builtins runs none."""
    kernel = start_kernel()
    kernel.run(code)
    assert kernel.run("6 * 7").reply["status"] in ("ok", "error")
    kernel.request("kernel_info_request").wait()
    kernel.expects_death = True
    kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    kernel.wait_exit(5)


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
@pytest.mark.parametrize("code", LOOPS.values(), ids=LOOPS)
def test_the_loop_goes_on(start_kernel: Callable[..., Kernel], code: str) -> None:
    kernel = start_kernel()
    survives(kernel, f"import asyncio\n{code}")
    survives(kernel, "import asyncio\nawait asyncio.sleep(0)" if "task_factory" not in code else "1")


def test_cancelling_all_tasks_ends_the_cell_that_does(kernel: Kernel) -> None:
    survives(
        kernel,
        "import asyncio\nfor task in asyncio.all_tasks(): task.cancel()\nawait asyncio.sleep(1)",
        "CancelledError",
    )


@pytest.mark.parametrize(
    "code", ["gc.freeze()", "gc.disable()", "gc.set_threshold(1)", "gc.set_debug(gc.DEBUG_LEAK)\ngc.collect();"]
)
def test_garbage_collection(start_kernel: Callable[..., Kernel], code: str) -> None:
    kernel = start_kernel()
    survives(kernel, f"import gc\n{code}")
    survives(kernel, "import gc\nlen([[] for _ in range(20_000)])\ngc.collect();")


def test_a_hundred_thousand_tasks(kernel: Kernel) -> None:
    code = "import asyncio\nasync def nothing(): pass\nlen(await asyncio.gather(*(asyncio.create_task(nothing()) for _ in range(100_000))))"
    assert survives(kernel, code).result == "100000"


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
