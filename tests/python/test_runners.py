"""`%autoawait` in all its forms, and what drives a cell: asyncio, trio, curio, nothing, a function of the user."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from as_program import python
from client import Kernel, Request, plain

PROGRAMS = Path(__file__).parent / "programs"
only_here = pytest.mark.everloop_only("there trio and curio block asyncio, and end with the cell")


@pytest.fixture
def kernel(kernel: Kernel) -> Kernel:
    kernel.ok("%autoawait asyncio")
    return kernel


def error_of(cell: Request) -> tuple[str, str]:
    assert cell.error is not None, cell.kernel.transcript_text()
    return cell.error["ename"], cell.error["evalue"]


# -- the messages


#: Cells one after the other; each session begins anew.
SESSIONS = {
    "what is set": ["%autoawait"],
    "off": ["%autoawait off", "%autoawait", "import asyncio\nawait asyncio.sleep(0)"],
    "False": ["%autoawait False", "%autoawait", "[x async for x in y]"],
    "oFF": ["%autoawait oFF", "async with x: pass", "%autoawait ON", "%autoawait"],
    "true": ["%autoawait false", "%autoawait true", "%autoawait", "import asyncio\nprint(await asyncio.sleep(0, 5))"],
    "trio": ["%autoawait trio", "%autoawait", "import trio\nawait trio.sleep(0)"],
    "trio switches on": ["%autoawait off", "%autoawait trio", "%autoawait"],
    "sync": ["%autoawait sync", "%autoawait", "async def f(): pass\nawait f()"],
    "sync that awaits": ["%autoawait sync", "%autoawait on", "async def f(): return 'ran'\nprint(await f())"],
    "sync that waits": ["%autoawait sync", "%autoawait on", "import asyncio\nawait asyncio.sleep(0)"],
    "back": ["%autoawait trio", "%autoawait asyncio", "%autoawait", "import asyncio\nawait asyncio.sleep(0)"],
    "a name": ["def run(coro): return 1", "%autoawait run", "%autoawait"],
    "a dotted name": ["%autoawait IPython.core.async_helpers._pseudo_sync_runner", "%autoawait"],
    "no such name": ["%autoawait no_such_name", "%autoawait"],
    "no such package": ["%autoawait no_such_package.runner", "%autoawait"],
    "no such attribute": ["%autoawait os.path.no_such_attribute", "%autoawait"],
    "a module": ["%autoawait json", "%autoawait"],
    "a number": ["number = 5", "%autoawait number", "%autoawait"],
    "the name of a name": ["name = 'trio'", "%autoawait name", "%autoawait"],
    "white space": ["%autoawait   off  ", "%autoawait"],
}


def comparable(text: str) -> str:
    """IPython shows the function of trio's runner, the kernel its name; addresses differ."""
    text = re.sub(r"<function _(?:pseudo_)?(\w+)_runner at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def speaks_as_ipython(kernel: Kernel, cells: list[str], directory: Path) -> None:
    """The kernel prints and raises in each cell what IPython's own shell does."""
    done = subprocess.run(
        [sys.executable, PROGRAMS / "ipython_cells.py", *cells],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "IPYTHONDIR": str(directory)},
    )
    for code, (stdout, ename, evalue) in zip(cells, json.loads(done.stdout.splitlines()[-1]), strict=True):
        cell = kernel.run(code)
        if ename is None:
            assert comparable(cell.stdout) == comparable(stdout)
            assert cell.error is None
        else:
            found = error_of(cell)
            assert (found[0], re.sub(r" \([^()]*, line \d+\)$", "", found[1])) == (ename, evalue)


@pytest.mark.parametrize("name", SESSIONS)
def test_the_words_of_ipython(fresh_kernel: Kernel, name: str, tmp_path: Path) -> None:
    speaks_as_ipython(fresh_kernel, SESSIONS[name], tmp_path)


@only_here
def test_the_page_of_curio(kernel: Kernel) -> None:
    assert kernel.ok("%autoawait curio\n%autoawait").stdout == "IPython autoawait is `on`, and set to use `curio`\n"


# -- the examples of the page


def test_children_of_a_trio_nursery(kernel: Kernel) -> None:
    """As on the page; trio has `start_soon` where the page, which is of 2018, has `spawn`."""
    kernel.ok("%autoawait trio")
    kernel.ok("import trio")
    kernel.ok(
        'async def child(i):\n    print("   child %s goes to sleep"%i)\n'
        '    await trio.sleep(0.2)\n    print("   child %s wakes up"%i)'
    )
    cell = kernel.ok(
        "print('parent start')\nasync with trio.open_nursery() as n:\n"
        "    for i in range(5):\n        n.start_soon(child, i)\nprint('parent end')"
    )
    lines = cell.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("parent start", "parent end")
    assert sorted(lines[1:6]) == [f"   child {i} goes to sleep" for i in range(5)]
    assert sorted(lines[6:11]) == [f"   child {i} wakes up" for i in range(5)]


def test_trio_has_no_spawn() -> None:
    """When this fails, the page's example can be run word for word."""
    import trio

    assert not hasattr(trio.Nursery, "spawn")


def test_a_custom_runner(kernel: Kernel) -> None:
    kernel.ok(
        "import trio\nfrom types import CoroutineType\n\ndef trio_runner(coro:CoroutineType):\n"
        "    print('running asynchronous code')\n    async def corowrap(coro):\n        return await coro\n"
        "    return trio.run(corowrap, coro)"
    )
    kernel.ok("%autoawait trio_runner")
    kernel.ok(
        "async def async_hello(name):\n    await trio.sleep(0.01)\n    print(f'Hello {name} world !')\n    await trio.sleep(0.01)"
    )
    cell = kernel.ok("await async_hello('async')")
    assert (cell.stdout, cell.stderr) == ("running asynchronous code\nHello async world !\n", "")


def test_children_of_a_curio_task_group(kernel: Kernel) -> None:
    kernel.ok("%autoawait curio\nimport curio")
    kernel.ok("async def child(i):\n    await curio.sleep(0.01)\n    return i")
    cell = kernel.ok(
        "async with curio.TaskGroup() as g:\n    for i in range(5):\n        await g.spawn(child, i)\nsorted(g.results)"
    )
    assert cell.result == "[0, 1, 2, 3, 4]"


# -- trio and curio alike

LIBRARIES = ["trio", "curio"]
both = pytest.mark.parametrize("library", LIBRARIES)
TICK = """
import asyncio
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.005)
        ticks += 1
ticking = asyncio.create_task(tick())
"""
#: A cell says `begun` when it is worth interrupting it.
INTERRUPTED = {
    "await": "await lib.sleep(1000)",
    "busy": "while True: pass",
    "sleep": "import time\ntime.sleep(1000)",
    "awaits that never wait": "while True: await lib.sleep(0)",
    "short awaits": "while True: await lib.sleep(0.0001)",
    "clean-up": "try:\n    await lib.sleep(1000)\nfinally:\n    print('cleaned', 'up')",
    "a coroutine of their own": "async def inner():\n    await lib.sleep(1000)\nawait inner()",
}


@pytest.fixture
def mode(kernel: Kernel, request: pytest.FixtureRequest) -> Kernel:
    """A kernel in the mode of the library that the test is for, with asyncio's `ticks` counting."""
    library = request.node.callspec.params.get("library", "trio") if hasattr(request.node, "callspec") else "trio"
    kernel.ok(f"%autoawait {library}\nimport {library} as lib, {library}\n{TICK}")
    return kernel


@only_here
@both
def test_asyncio_goes_on_while_a_cell_sleeps(mode: Kernel, library: str) -> None:
    assert mode.ok("before = ticks\nawait lib.sleep(0.2)\nticks - before > 10").result == "True"


@only_here
@both
@pytest.mark.parametrize("how", ["message", "signal"])
@pytest.mark.parametrize("what", INTERRUPTED)
def test_an_interrupt(mode: Kernel, library: str, what: str, how: str) -> None:
    cell = mode.submit(f"await lib.sleep(0)\nprint('begun')\n{INTERRUPTED[what]}").wait_for("begun")
    mode.interrupt(how)
    assert error_of(cell.wait(10)) == ("KeyboardInterrupt", "")
    assert "Cell In[" in cell.traceback
    assert ("cleaned up" in cell.stdout) == (what == "clean-up")
    assert mode.ok("before = ticks\nawait lib.sleep(0.1)\nticks > before").result == "True"


@only_here
@both
def test_completion_is_answered_while_a_cell_sleeps(mode: Kernel, library: str) -> None:
    cell = mode.submit("print('begun')\nawait lib.sleep(1000)").wait_for("begun")
    reply = mode.request("complete_request", {"code": "tick", "cursor_pos": 4}).wait().reply
    assert "ticks" in reply["matches"]
    assert cell.replies == []
    mode.interrupt("message")
    cell.wait(10)


@both
def test_an_error(mode: Kernel, library: str) -> None:
    cell = mode.run("await lib.sleep(0)\nraise ValueError('mine')")
    assert error_of(cell) == ("ValueError", "mine")
    assert mode.ok("await lib.sleep(0)\n5").result == "5"


@only_here
@both
def test_context_variables_last(mode: Kernel, library: str) -> None:
    mode.ok("import contextvars\nvariable = contextvars.ContextVar('variable')")
    mode.ok("await lib.sleep(0)\ntoken = variable.set('set under the library')\nawait lib.sleep(0)")
    assert mode.ok("variable.get()").result == "'set under the library'"
    mode.ok("await lib.sleep(0)\nvariable.reset(token)")
    assert mode.ok("variable.get('nothing')").result == "'nothing'"


@both
def test_a_cell_that_awaits_asyncio(mode: Kernel, library: str) -> None:
    """The loop runs and can be asked for tasks, but to the other library its futures mean nothing."""
    cell = mode.run("await asyncio.sleep(10)")
    assert cell.reply["status"] == "error"
    assert mode.ok("await lib.sleep(0)\n'goes on'").result == "'goes on'"


@only_here
@both
def test_the_running_loop_of_a_cell(mode: Kernel, library: str) -> None:
    mode.ok("loop = asyncio.get_running_loop()\nasync def give(): return 'given'")
    mode.ok(
        "await lib.sleep(0)\nassert asyncio.get_running_loop() is loop\ngiven = asyncio.create_task(give())\n"
        "while not given.done():\n    await lib.sleep(0.001)"
    )
    assert mode.ok("given.result()").result == "'given'"
    assert mode.ok("await lib.sleep(0)\nasyncio.run(give())").result == "'given'"


@only_here
@both
def test_leaving_the_mode_in_one_of_its_cells(mode: Kernel, library: str) -> None:
    cell = mode.ok(
        "await lib.sleep(0)\nget_ipython().run_line_magic('autoawait', 'asyncio')\nawait lib.sleep(0.01)\n'ended'"
    )
    assert cell.result == "'ended'"
    run = "trio.run(trio.sleep, 0)" if library == "trio" else "curio.run(curio.sleep(0))"
    mode.ok(run)
    assert mode.ok("await asyncio.sleep(0, 'asyncio')").result == "'asyncio'"


@only_here
@both
def test_shutdown_in_the_mode(start_kernel: Callable[..., Kernel], library: str) -> None:
    kernel = start_kernel()
    start = (
        "GLOBAL_NURSERY.start_soon(trio.sleep, 1000)" if library == "trio" else "await curio.spawn(curio.sleep, 1000)"
    )
    kernel.ok(f"%autoawait {library}\nimport {library}")
    kernel.ok(start)
    kernel.submit(f"print('begun')\nawait {library}.sleep(1000)").wait_for("begun")
    kernel.expects_death = True
    kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    assert kernel.wait_exit(10) < 5
    assert kernel.exit_code == 0
    assert "Traceback" not in Path(kernel.log.name).read_text()


@only_here
@both
def test_a_call_of_the_runner(mode: Kernel, library: str) -> None:
    """As IPython's own code calls it: a function that runs a coroutine to its end, also inside of a cell."""
    mode.ok("async def nap():\n    await lib.sleep(0.05)\n    return 'slept'\nrunner = get_ipython().loop_runner")
    assert mode.ok("before = ticks\nrunner(nap()), ticks > before").result == "('slept', True)"
    cell = mode.run("await lib.sleep(0)\nrunner(nap())")
    assert error_of(cell)[1].startswith(f"{library} cannot be entered again")
    assert cell.stderr == ""


# -- trio's nursery


@only_here
def test_background_tasks_live_between_cells(mode: Kernel) -> None:
    mode.ok(
        "beats = 0\nasync def beat():\n    global beats\n    while True:\n        await trio.sleep(0.005)\n        beats += 1"
    )
    mode.ok("GLOBAL_NURSERY.start_soon(beat)")
    mode.ok("before = beats")
    mode.until(lambda: mode.ok("beats > before + 5").result == "True", "a trio task that goes on between cells")
    mode.ok("GLOBAL_NURSERY.cancel_scope.cancel()")
    mode.until(lambda: mode.ok("len(GLOBAL_NURSERY.child_tasks)").result == "0", "the end of the background tasks")
    assert mode.ok("await trio.sleep(0)\ntype(GLOBAL_NURSERY).__name__").result == "'Nursery'"


@only_here
def test_an_interrupt_spares_background_tasks(mode: Kernel) -> None:
    mode.ok(
        "beats = 0\nasync def beat():\n    global beats\n    while True:\n        await trio.sleep(0.005)\n        beats += 1"
    )
    mode.ok("nursery = GLOBAL_NURSERY\nnursery.start_soon(beat)")
    cell = mode.submit("print('begun')\nasync with trio.open_nursery() as n:\n    n.start_soon(trio.sleep, 1000)")
    cell.wait_for("begun")
    mode.interrupt("message")
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    code = "a, b = beats, ticks\nawait trio.sleep(0.1)\nbeats > a, ticks > b, GLOBAL_NURSERY is nursery"
    assert mode.ok(code).result == "(True, True, True)"


@only_here
def test_an_exception_in_a_background_task(mode: Kernel) -> None:
    mode.ok(
        "async def fail(seconds):\n    await trio.sleep(seconds)\n    print('about to')\n    raise ValueError('in the background')"
    )
    mode.ok("GLOBAL_NURSERY.start_soon(trio.sleep, 1000)")
    started = mode.ok("GLOBAL_NURSERY.start_soon(fail, 0.01)")
    mode.ok("await trio.sleep(0)\n'next'")
    started.wait_for("in the background", "stderr")
    shown = plain(started.stderr)
    assert "background task __main__.fail" in shown
    assert "raise ValueError('in the background')" in shown
    assert started.stdout == "about to\n"
    assert mode.ok("len(GLOBAL_NURSERY.child_tasks) >= 1").result == "True"


@only_here
def test_a_task_that_is_waited_for_until_it_has_started(mode: Kernel) -> None:
    mode.ok(
        "async def serve(fail_early, task_status=trio.TASK_STATUS_IGNORED):\n"
        "    if fail_early: raise ValueError('early')\n    task_status.started('address')\n"
        "    await trio.sleep(0.01)\n    raise ValueError('late')"
    )
    started = mode.ok("await GLOBAL_NURSERY.start(serve, False)")
    assert started.result == "'address'"
    started.wait_for("late", "stderr")
    assert error_of(mode.run("await GLOBAL_NURSERY.start(serve, True)")) == ("ValueError", "early")


@only_here
def test_a_busy_background_task_can_be_interrupted(mode: Kernel) -> None:
    """The first interrupt is the cell's, which awaits; the next one that is noticed reaches what holds the loop up."""
    mode.ok("async def spin():\n    await trio.sleep(0)\n    print('spinning')\n    while True: pass")
    cell = mode.submit("GLOBAL_NURSERY.start_soon(spin)\nawait trio.sleep(1000)").wait_for("spinning")

    def interrupted_again() -> bool:
        mode.interrupt("message")
        return bool(cell.replies)

    mode.until(interrupted_again, "the end of a cell beside a busy task", 10)
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert "in spin" in plain(cell.stderr)
    assert mode.ok("await trio.sleep(0)\n5").result == "5"


@only_here
def test_leaving_the_mode_ends_the_nursery(mode: Kernel) -> None:
    mode.ok("async def task():\n    try:\n        await trio.sleep(1000)\n    finally:\n        print('cancelled')")
    started = mode.ok("GLOBAL_NURSERY.start_soon(task)\nawait trio.sleep(0)")
    mode.ok("%autoawait asyncio")
    started.wait_for("cancelled")
    assert mode.ok("import builtins\nhasattr(builtins, 'GLOBAL_NURSERY')").result == "False"
    assert mode.ok("trio.run(trio.sleep, 0)\nawait asyncio.sleep(0, 'asyncio')").result == "'asyncio'"
    mode.ok("%autoawait trio")
    assert mode.ok("len(GLOBAL_NURSERY.child_tasks)").result == "0"


def test_sniffio_and_threads_of_trio(mode: Kernel) -> None:
    mode.ok(
        "import sniffio\ndef in_thread():\n    return trio.from_thread.run(give)\nasync def give():\n    await trio.sleep(0)\n    return 'given'"
    )
    code = "(sniffio.current_async_library(), await trio.to_thread.run_sync(in_thread))"
    assert mode.ok(code).result == "('trio', 'given')"


def test_trio_run_in_a_cell_of_asyncio(kernel: Kernel) -> None:
    cell = kernel.ok(
        "import trio, sniffio\nasync def main():\n    await trio.sleep(0)\n    return sniffio.current_async_library()\ntrio.run(main)"
    )
    assert (cell.result, cell.stderr) == ("'trio'", "")


def test_an_exception_group(mode: Kernel) -> None:
    mode.ok("async def fail():\n    raise ValueError('child')")
    cell = mode.run("async with trio.open_nursery() as n:\n    n.start_soon(fail)")
    assert cell.reply["ename"] == "ExceptionGroup"
    assert "child" in cell.traceback


# -- curio's tasks


@only_here
@pytest.mark.parametrize("library", ["curio"])
def test_tasks_of_curio_live_between_cells(mode: Kernel, library: str) -> None:
    mode.ok(
        "beats = 0\nasync def beat():\n    global beats\n    while True:\n        await curio.sleep(0.005)\n        beats += 1"
    )
    mode.ok("task = await curio.spawn(beat)\nbefore = beats")
    mode.until(lambda: mode.ok("beats > before + 5").result == "True", "a curio task that goes on between cells")
    mode.ok("await task.cancel()\nassert task.terminated")


@only_here
@pytest.mark.parametrize("library", ["curio"])
def test_an_exception_in_a_task_of_curio(mode: Kernel, library: str) -> None:
    mode.ok("async def fail():\n    await curio.sleep(0.01)\n    raise ValueError('in the background')")
    started = mode.ok("task = await curio.spawn(fail)")
    mode.ok("'next'")
    started.wait_for("in the background", "stderr")
    assert mode.ok("await curio.sleep(0)\n5").result == "5"


@pytest.mark.parametrize("library", ["curio"])
def test_threads_and_sockets_of_curio(mode: Kernel, library: str) -> None:
    mode.ok(
        "async def echo(client, address):\n    await client.sendall(await client.recv(100))\n"
        "async def free_port():\n    import socket\n    with socket.socket() as s:\n        s.bind(('127.0.0.1', 0))\n        return s.getsockname()[1]"
    )
    cell = mode.ok(
        "port = await free_port()\nserver = await curio.spawn(curio.tcp_server, '127.0.0.1', port, echo, daemon=True)\n"
        "await curio.sleep(0.05)\nclient = await curio.open_connection('127.0.0.1', port)\nawait client.sendall(b'hi')\n"
        "answer = await client.recv(100)\nawait client.close()\nawait server.cancel()\n"
        "answer, await curio.run_in_thread(lambda: 'thread')"
    )
    assert cell.result == "(b'hi', 'thread')"


# -- functions of the user

WRONG = {
    "returns at once": (
        "def run(coro): return 5",
        ("RuntimeError", "the loop runner run returned without running the cell"),
    ),
    "raises": ("def run(coro): raise OSError('no loop today')", ("OSError", "no loop today")),
    "stops half-way": (
        "def run(coro): coro.send(None)",
        ("RuntimeError", "the loop runner run returned before the cell had ended"),
    ),
    "makes a task of it": (
        "def run(coro): return asyncio.ensure_future(coro)",
        ("RuntimeError", "the loop runner run returned without running the cell"),
    ),
    "is asynchronous": (
        "async def run(coro): return await coro",
        ("RuntimeError", "the loop runner run returned without running the cell"),
    ),
    "takes nothing": ("def run(): pass", ("TypeError", None)),
}


@pytest.mark.everloop_only("IPython fails with an error of its own")
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_runner(kernel: Kernel, what: str) -> None:
    definition, (ename, evalue) = WRONG[what]
    kernel.ok(f"import asyncio\n{definition}")
    kernel.ok("%autoawait run")
    cell = kernel.run("await asyncio.sleep(0)\nprint('not reached')")
    assert cell.reply["status"] == "error"
    found = error_of(cell)
    assert found[0] == ename
    assert evalue in (None, found[1])
    kernel.ok("%autoawait asyncio")
    assert kernel.ok("import gc\ngc.collect();\nawait asyncio.sleep(0, 'goes on')").result == "'goes on'"
    assert cell.stdout == ""
    assert "never" not in cell.stderr


@pytest.mark.everloop_only("RuntimeError: this event loop is already running")
def test_a_runner_may_return_anything(kernel: Kernel) -> None:
    kernel.ok(
        "import asyncio\ndef run(coro):\n    asyncio.get_event_loop().run_until_complete(coro)\n    return object()"
    )
    kernel.ok("%autoawait run")
    assert kernel.ok("await asyncio.sleep(0, 'result')").result == "'result'"


def test_the_runners_of_ipython(kernel: Kernel) -> None:
    kernel.ok("import trio\n%autoawait IPython.core.async_helpers._trio_runner")
    assert kernel.ok("await trio.sleep(0)\n5").result == "5"


@pytest.mark.everloop_only("RuntimeError: asyncio.run() cannot be called from a running event loop")
def test_asyncio_run_as_a_runner(kernel: Kernel) -> None:
    kernel.ok("import asyncio\n%autoawait asyncio.run")
    assert kernel.ok("await asyncio.sleep(0)\n5").result == "5"


@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_of_a_custom_runner(kernel: Kernel, how: str) -> None:
    kernel.ok("import trio\ndef run(coro):\n    async def main(): return await coro\n    return trio.run(main)")
    kernel.ok("%autoawait run")
    cell = kernel.submit("print('begun')\nawait trio.sleep(1000)").wait_for("begun")
    kernel.interrupt(how)
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("await trio.sleep(0)\n5").result == "5"


# -- the configuration


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("c.InteractiveShell.autoawait = False", "`off`, and set to use `asyncio`"),
        ("c.InteractiveShell.loop_runner = 'trio'", "`on`, and set to use `trio`"),
        ("c.InteractiveShell.loop_runner = 'sync'", "`off`, and set to use `sync`"),
    ],
)
def test_the_configuration(start_kernel: Callable[..., Kernel], tmp_path: Path, line: str, shown: str) -> None:
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text(line)
    kernel = start_kernel(env={"IPYTHONDIR": str(tmp_path)})
    assert shown in comparable(kernel.ok("%autoawait").stdout)
    cell = kernel.run("import trio\nawait trio.sleep(0)\n5")
    if "trio" in line:
        assert cell.result == "5"
    else:
        assert error_of(cell)[0] == "SyntaxError"


# -- without IPython


@pytest.fixture
def bare(start_kernel: Callable[..., Kernel], tmp_path: Path) -> Kernel:
    """A kernel whose environment has trio, curio and what they need, and no IPython."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    for name in ("trio", "curio", "attr", "attrs", "outcome", "sniffio", "sortedcontainers", "idna"):
        (packages / name).symlink_to(Path(sys.prefix, "lib", f"python3.{sys.version_info[1]}", "site-packages", name))
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})
    assert error_of(kernel.run("get_ipython"))[0] == "NameError"
    return kernel


@pytest.mark.everloop_only("ipykernel is IPython's")
@pytest.mark.parametrize("name", [name for name in SESSIONS if name != "a dotted name"])
def test_the_words_without_ipython(bare: Kernel, name: str, tmp_path: Path) -> None:
    speaks_as_ipython(bare, SESSIONS[name], tmp_path)


@pytest.mark.everloop_only("ipykernel is IPython's")
@both
def test_libraries_without_ipython(bare: Kernel, library: str) -> None:
    bare.ok(f"%autoawait {library}")
    bare.ok(f"import {library} as lib\n{TICK}")
    assert bare.ok("before = ticks\nawait lib.sleep(0.1)\nticks > before").result == "True"
    cell = bare.submit("print('begun')\nawait lib.sleep(1000)").wait_for("begun")
    bare.interrupt("message")
    assert cell.wait(10).reply["ename"] == "KeyboardInterrupt"
    assert error_of(bare.run("await lib.sleep(0)\n1/0"))[0] == "ZeroDivisionError"
    bare.ok("%autoawait asyncio")
    assert bare.ok("await asyncio.sleep(0, 5)").result == "5"


# -- programs, and what is lent to the libraries


@pytest.mark.parametrize("program", sorted(path.stem for path in PROGRAMS.glob("runners_*.py")))
def test_a_program(program: str) -> None:
    done = python(str(PROGRAMS / f"{program}.py"))
    assert (done.returncode, done.stdout.splitlines()[-1:], done.stderr) == (0, ["done"], ""), done.stdout + done.stderr


def test_curio_still_needs_what_it_is_lent() -> None:
    """When this fails, ``everloop.compat.curio`` is not needed any more."""
    code = """
import curio.ssl, curio.channel, ssl, multiprocessing.connection as connection
print(hasattr(ssl, "wrap_socket"), hasattr(connection, "CHALLENGE"), curio.channel.CHALLENGE)
import inspect
print("_ssl.wrap_socket" in inspect.getsource(curio.ssl), "mpc.CHALLENGE" in inspect.getsource(curio.channel))
"""
    assert python("-c", code).stdout == "False False b'#CHALLENGE#'\nTrue True\n"


def test_a_dict_still_keeps_what_is_deleted() -> None:
    """When this fails, ``everloop.compat.trio`` need not keep trio's current task small."""
    code = """
import threading
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
values, marks = threading.local(), range(300_000)
before = resident()
for _ in marks:
    values.task = values
    del values.task
print((resident() - before) // len(marks) > 30)
"""
    assert python("-c", code).stdout == "True\n"
