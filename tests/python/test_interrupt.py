"""Interrupts, by message and by SIGINT: whatever a cell does, it stops; and it is that cell which stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from client import IS_EVERLOOP, Kernel

both_ways = pytest.mark.parametrize("how", ["message", "signal"])

# A cell says `begun` when it is worth interrupting it.
SYNCHRONOUS = {
    "busy loop": "print('begun')\nwhile True: pass",
    "busy function": "def spin():\n    n = 0\n    while True: n += 1\nprint('begun')\nspin()",
    "sleep": "import time\nprint('begun')\ntime.sleep(1000)",
    "short sleeps": "import time\nprint('begun')\nwhile True: time.sleep(0.001)",
    "prints": "print('begun')\nwhile True: print('x' * 10)",
    "comprehension": "print('begun')\n[x for x in iter(int, 1)]",
    "without builtins": "print('begun')\neval('[x for x in zeros]', {'__builtins__': {}, 'zeros': iter(int, 1)})",
    "lock": "import threading\nlock = threading.Lock()\nlock.acquire()\nprint('begun')\nlock.acquire()",
    "lock with a limit": "import threading\nlock = threading.Lock()\nlock.acquire()\nprint('begun')\nlock.acquire(timeout=1000)",
    "lock twice": "import threading\nlock = threading.Lock()\nwith lock:\n    print('begun')\n    with lock: pass",
    "lock of another thread": "import threading\nlock, gone = threading.RLock(), threading.Event()\nthreading.Thread(target=lambda: (lock.acquire(), gone.set())).start()\ngone.wait()\nprint('begun')\nlock.acquire()",
    "event": "import threading\nprint('begun')\nthreading.Event().wait()",
    "event with a limit": "import threading\nprint('begun')\nthreading.Event().wait(1000)",
    "future": "import concurrent.futures\nprint('begun')\nconcurrent.futures.Future().result()",
    "queue": "import queue\nprint('begun')\nqueue.Queue().get()",
    "subprocess": "import subprocess\nprint('begun')\nsubprocess.run(['sleep', '1000'])",
    "pipe": "import os\nr, w = os.pipe()\nprint('begun')\nos.read(r, 1)",
    "socket": "import socket\na, b = socket.socketpair()\nprint('begun')\na.recv(1)",
    "nested run": "import asyncio\nprint('begun')\nasyncio.run(asyncio.sleep(1000))",
    "busy nested run": "import asyncio\nasync def spin():\n    await asyncio.sleep(0)\n    print('begun')\n    while True: pass\nasyncio.run(spin())",
    "run until complete": "import asyncio\nprint('begun')\nasyncio.get_event_loop().run_until_complete(asyncio.sleep(1000))",
    "join": "import threading\nthread = threading.Thread(target=threading.Event().wait, daemon=True)\nthread.start()\nprint('begun')\nthread.join()",
}
ASYNCHRONOUS = {
    "await sleep": "import asyncio\nprint('begun')\nawait asyncio.sleep(1000)",
    "await a future": "import asyncio\nprint('begun')\nawait asyncio.get_running_loop().create_future()",
    "await in a function": "import asyncio\nasync def wait():\n    print('begun')\n    await asyncio.Event().wait()\nawait wait()",
    "async for": "import asyncio\nasync def forever():\n    while True:\n        await asyncio.sleep(0.01)\n        yield 1\nprint('begun')\nasync for _x in forever(): pass",
    "gather": "import asyncio\nprint('begun')\nawait asyncio.gather(asyncio.sleep(1000), asyncio.sleep(1001))",
    "task group": "import asyncio\nasync with asyncio.TaskGroup() as group:\n    group.create_task(asyncio.sleep(1000))\n    print('begun')",
    "subprocess": "import asyncio\nprocess = await asyncio.create_subprocess_exec('sleep', '1000')\nprint('begun')\nawait process.wait()",
    "to_thread": "import asyncio, threading\nrelease = threading.Event()\nprint('begun')\nawait asyncio.to_thread(release.wait, 1000)",
}
MIXED = {
    "busy after an await": "import asyncio\nawait asyncio.sleep(0)\nprint('begun')\nwhile True: pass",
    "sleep after an await": "import asyncio, time\nawait asyncio.sleep(0)\nprint('begun')\ntime.sleep(1000)",
    "await after work": "import asyncio\nsum(range(1000))\nprint('begun')\nawait asyncio.sleep(1000)",
    "awaits that never wait": "import asyncio\nprint('begun')\nwhile True: await asyncio.sleep(0)",
}


def stops(kernel: Kernel, code: str, how: str) -> None:
    cell = kernel.submit(code).wait_for("begun\n")
    kernel.interrupt(how)
    reply = cell.wait(10).reply
    assert reply["status"] == "error"
    assert reply["ename"] == "KeyboardInterrupt"
    assert cell.error is not None
    after = kernel.ok("'next ' + 'cell'")
    assert after.result == "'next cell'"


@both_ways
@pytest.mark.parametrize("name", SYNCHRONOUS)
def test_synchronous_code(kernel: Kernel, name: str, how: str) -> None:
    if not IS_EVERLOOP and "run" in name:
        pytest.skip("ipykernel's loop cannot be entered again")
    stops(kernel, SYNCHRONOUS[name], how)
    kernel.run("release = thread = None")


@pytest.mark.everloop_only("ipykernel loses an interrupt that arrives just before the await, or says CancelledError")
@both_ways
@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_at_an_await(kernel: Kernel, name: str, how: str) -> None:
    stops(kernel, ASYNCHRONOUS[name], how)
    kernel.run(
        "release.set()" if name == "to_thread" else "process.kill()" if name == "subprocess" else "0", silent=True
    )


@pytest.mark.everloop_only("ipykernel does not interrupt the synchronous stretch of an async cell (ipykernel#1239)")
@both_ways
@pytest.mark.parametrize("name", MIXED)
def test_mixed_cells(kernel: Kernel, name: str, how: str) -> None:
    stops(kernel, MIXED[name], how)


@both_ways
def test_an_interrupt_while_idle_does_nothing(kernel: Kernel, how: str) -> None:
    for i in range(10):
        kernel.interrupt(how)
        kernel.request("kernel_info_request", channel="control").wait()
        assert kernel.ok(f"import asyncio\nawait asyncio.sleep(0.001)\n{i}").result == str(i)
        assert kernel.ok(f"{i}").result == str(i)


def test_an_interrupt_at_the_end_of_a_cell_never_hits_the_next(kernel: Kernel) -> None:
    """Each round interrupts at another moment around the end of a short cell; the next one is asked for after the answer."""
    for i in range(60):
        short = kernel.submit(f"import time\ntime.sleep(0.0005)\nfor _n in range({i * 20}): pass")
        kernel.interrupt("message")
        short.wait()
        assert kernel.ok(f"for _n in range(2000): pass\n{i}").result == str(i)


@pytest.mark.everloop_only("ipykernel loses an interrupt that arrives just before the await, or says CancelledError")
@both_ways
def test_a_background_task_survives_an_interrupt(kernel: Kernel, how: str) -> None:
    kernel.ok(
        "import asyncio\nasync def last():\n    await asyncio.sleep(1000)\nsurvivor = asyncio.create_task(last());"
    )
    for code in ("import asyncio\nprint('begun')\nawait asyncio.sleep(1000)", "print('begun')\nwhile True: pass"):
        stops(kernel, code, how)
        assert kernel.ok("survivor.done()").result == "False"
    kernel.ok("survivor.cancel();")


@pytest.mark.everloop_only("in ipykernel nothing ends it")
@both_ways
def test_a_busy_background_task_that_lets_no_cell_begin(kernel: Kernel, how: str) -> None:
    started = kernel.ok(
        "import asyncio\nasync def spin():\n    await asyncio.sleep(0)\n    print('spinning')\n    while True: pass\n"
        "spinning = asyncio.create_task(spin())\nNone"
    ).wait_for("spinning")
    cell = kernel.submit("'runs'")

    def interrupted() -> bool:
        kernel.interrupt(how)
        return bool(cell.replies)

    kernel.until(interrupted, "the cell behind a busy task", 20)
    assert cell.reply["status"] == "ok" or cell.reply["ename"] == "KeyboardInterrupt"
    assert started.is_idle
    assert kernel.ok("spinning.done()").result == "True"


@both_ways
def test_an_interrupt_can_be_caught(kernel: Kernel, how: str) -> None:
    cell = kernel.submit(
        "import time\ntry:\n    print('begun')\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('caught')\n'went on'"
    )
    cell.wait_for("begun\n")
    kernel.interrupt(how)
    assert cell.wait(10).reply["status"] == "ok"
    assert cell.stdout == "begun\ncaught\n"
    assert cell.result == "'went on'"


@pytest.mark.everloop_only("ipykernel raises CancelledError at an await")
@both_ways
def test_finally_runs_at_an_await(kernel: Kernel, how: str) -> None:
    cell = kernel.submit(
        "import asyncio\ntry:\n    print('begun')\n    await asyncio.sleep(1000)\nfinally:\n    print('cleaned up')"
    )
    cell.wait_for("begun\n")
    kernel.interrupt(how)
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert cell.stdout == "begun\ncleaned up\n"


def test_an_interrupt_aborts_what_is_queued(kernel: Kernel) -> None:
    cell = kernel.submit("import time\nprint('begun')\ntime.sleep(1000)").wait_for("begun\n")
    queued = [kernel.submit("'never'") for _ in range(5)]
    kernel.until_queued()
    kernel.interrupt("message")
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert [after.wait().reply["status"] for after in queued] == ["aborted"] * 5
    assert kernel.ok("'alive'").result == "'alive'"


def test_the_traceback_of_an_interrupt(kernel: Kernel) -> None:
    cell = kernel.submit("import time\nprint('begun')\ntime.sleep(1000)").wait_for("begun\n")
    kernel.interrupt("message")
    cell.wait(10)
    assert f"Cell In[{cell.reply['execution_count']}], line 3" in cell.traceback
    assert "KeyboardInterrupt" in cell.traceback


def test_an_interrupt_reply(kernel: Kernel) -> None:
    assert kernel.request("interrupt_request", channel="control").wait().reply == {"status": "ok"}


def test_two_interrupts_in_a_row(kernel: Kernel) -> None:
    code = "import time\ntry:\n    print('begun')\n    time.sleep(1000)\nfinally:\n    print('cleaning')\n    time.sleep(1000)"
    cell = kernel.submit(code).wait_for("begun\n")
    kernel.interrupt("message")
    cell.wait_for("cleaning")
    kernel.interrupt("message")
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("'alive'").result == "'alive'"


def test_a_kernel_can_interrupt_itself(kernel: Kernel) -> None:
    cell = kernel.run(
        "import signal, time\ntry:\n    signal.raise_signal(signal.SIGINT)\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('caught')"
    )
    assert cell.stdout == "caught\n"


def test_the_manager_interrupts_as_the_kernelspec_says(kernel: Kernel) -> None:
    """What Jupyter Server does when the stop button is pressed."""
    cell = kernel.submit("import time\nprint('begun')\ntime.sleep(1000)").wait_for("begun\n")
    kernel.manager.interrupt_kernel()
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"


@pytest.mark.everloop_only("ipykernel handles them one by one, and too late")
def test_a_flood_of_requests_hits_the_cell_that_runs_and_no_later_one(kernel: Kernel) -> None:
    for code in ("print('begun')\nwhile True: pass", "import asyncio\nprint('begun')\nawait asyncio.sleep(1000)"):
        cell = kernel.submit(code).wait_for("begun\n")
        interrupts = [kernel.request("interrupt_request", channel="control") for _ in range(1000)]
        assert cell.wait().reply["ename"] == "KeyboardInterrupt"
        for interrupt in interrupts:
            interrupt.wait()
        for n in range(10):
            assert kernel.ok(f"import asyncio\nawait asyncio.sleep(0.001)\n{n}").result == str(n)


def test_a_storm_of_signals(kernel: Kernel, tmp_path: Path) -> None:
    cell = kernel.submit("print('begun')\nwhile True: pass").wait_for("begun\n")
    for _ in range(50):
        os.kill(kernel.pid, signal.SIGINT)
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    kernel.request("kernel_info_request", channel="control").wait()
    assert kernel.ok("'alive'").result == "'alive'"


#: What spends its time where an interrupt could be lost: in a loop's begin and end, in destructors, and in importlib.
SWALLOWERS = {
    "asyncio.run": "while True: asyncio.run(asyncio.sleep(0))",
    "destructors": "class D:\n    def __del__(self):\n        for _ in range(100): pass\nwhile True: D()",
    "specs": "import colorsys\nwhile True: getattr(colorsys, 'missing', None)",
    "locks of imports": "from importlib import _bootstrap\nwhile True: _bootstrap._get_module_lock('missing')",
}


@pytest.mark.everloop_only("an interrupt in a destructor is ignored, and asyncio.run is refused")
@pytest.mark.parametrize("where", ["", "%%thread\n"], ids=["cell", "thread"])
@pytest.mark.parametrize("what", SWALLOWERS)
def test_no_interrupt_is_lost(fresh_kernel: Kernel, what: str, where: str) -> None:
    """The first one comes while much is imported."""
    for _ in range(15):
        cell = fresh_kernel.submit(f"{where}import asyncio\nprint('begun')\n{SWALLOWERS[what]}").wait_for("begun")
        fresh_kernel.interrupt("message")
        reply = cell.wait(20).reply
        assert (reply["ename"], reply["evalue"]) == ("KeyboardInterrupt", "")


@pytest.mark.everloop_only("CPython passes it on")
def test_errors_that_the_interpreter_drops(fresh_kernel: Kernel) -> None:
    """When one of these fails, its reason for `is_in_importlib` in `native/stack.rs` is not needed any more."""
    spec = "class Spec:\n    @property\n    def has_location(self): raise KeyboardInterrupt\n"
    module = "import types\nmodule = types.ModuleType('module')\nmodule.__spec__ = Spec()\n"
    assert fresh_kernel.ok(spec + module + "hasattr(module, 'missing')").result == "False"
    callback = "import sys, weakref\ndef callback(_): 1 / 0\nclass C: pass\nobject = C()\nreference = weakref.ref(object, callback)\n"
    cell = fresh_kernel.ok(
        callback + "seen = []\nsys.unraisablehook = seen.append\ndel object\nreference() is None, seen"
    )
    assert cell.result == "(True, [])"
