"""Shutdown, restart and the end of the parent: reply first, then everything is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from client import KERNEL_NAME, LIMIT, Kernel

#: Seconds between the reply and the end of the process.
SOON = 2.0


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_gone(pid: int, limit: float = 10) -> None:
    deadline = time.monotonic() + limit
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there after {limit} s"
        time.sleep(0.02)


def shut_down(kernel: Kernel, restart: bool = False, channel: str = "control") -> None:
    kernel.expects_death = True
    request = kernel.request("shutdown_request", {"restart": restart}, channel=channel)
    assert request.wait_reply(LIMIT).content == {"status": "ok", "restart": restart}
    kernel.wait_exit(SOON)


@pytest.mark.parametrize("restart", [False, True])
def test_shutdown(fresh_kernel: Kernel, restart: bool) -> None:
    shut_down(fresh_kernel, restart)
    assert fresh_kernel.exit_code == 0


def test_shutdown_on_the_shell_channel(fresh_kernel: Kernel) -> None:
    shut_down(fresh_kernel, channel="shell")


def test_shutdown_is_told_on_iopub(fresh_kernel: Kernel) -> None:
    shut_down(fresh_kernel)
    told = [
        entry.content
        for entry in fresh_kernel.transcript
        if entry.channel == "iopub" and entry.type == "shutdown_reply"
    ]
    assert told == [{"status": "ok", "restart": False}]


def test_shutdown_right_after_the_start(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    shut_down(kernel)


@pytest.mark.parametrize("with_ipython", [False, True])
def test_what_is_left_is_freed_and_written(fresh_kernel: Kernel, tmp_path: Path, with_ipython: bool) -> None:
    if with_ipython:
        fresh_kernel.ok("get_ipython()")
    (tmp_path / "mine.py").write_text(
        "def opened(path):\n    global file\n    file = open(path, 'w')\n    file.write('bye')\n"
    )
    fresh_kernel.ok(
        textwrap.dedent(f"""
            import os, pathlib, sys
            class Leaves:
                def __init__(self, name): self.path = pathlib.Path({str(tmp_path)!r}, name)
                def __del__(self): self.path.write_text("bye")
            variable, cycle = Leaves("variable"), Leaves("cycle")
            cycle.itself = cycle
            file = open({str(tmp_path / "file")!r}, "w")
            file.write("bye")
            sys.path.insert(0, {str(tmp_path)!r})
            import mine
            mine.opened({str(tmp_path / "module")!r})
        """)
    )
    fresh_kernel.ok("Leaves('result')")
    shut_down(fresh_kernel)
    for name in ("variable", "cycle", "result", "file", "module"):
        assert (tmp_path / name).read_text() == "bye", name


@pytest.mark.parametrize("restart", [False, True])
def test_atexit_handlers_run(fresh_kernel: Kernel, tmp_path: Path, restart: bool) -> None:
    farewell = tmp_path / "farewell"
    fresh_kernel.ok(f"import atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye');")
    shut_down(fresh_kernel, restart)
    assert farewell.read_text() == "bye"


@pytest.mark.everloop_only("ipykernel is killed by its manager when a cell keeps it busy")
@pytest.mark.parametrize(
    "code",
    [
        "print('begun')\nwhile True: pass",
        "import time\nprint('begun')\ntime.sleep(1000)",
        "import asyncio\nprint('begun')\nawait asyncio.sleep(1000)",
        "import asyncio\nprint('begun')\nawait asyncio.to_thread(__import__('time').sleep, 1000)",
        "print('begun')\ninput()",
        "print('begun')\nawait ainput()",
        "import asyncio\nprint('begun')\nawait asyncio.to_thread(input)",
        "print('begun')\nwhile True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass",
    ],
    ids=["busy", "sleeping", "awaiting", "thread", "asking", "awaiting an answer", "a thread that asks", "stubborn"],
)
def test_shutdown_while_a_cell_runs(fresh_kernel: Kernel, tmp_path: Path, code: str) -> None:
    fresh_kernel.submit(code).wait_for("begun")
    shut_down(fresh_kernel)


@pytest.mark.everloop_only("ipykernel is killed by its manager when a cell keeps it busy")
def test_atexit_handlers_run_although_a_cell_is_busy(fresh_kernel: Kernel, tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    fresh_kernel.ok(f"import atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye');")
    fresh_kernel.submit("print('begun')\nwhile True: pass").wait_for("begun")
    shut_down(fresh_kernel)
    assert farewell.read_text() == "bye"


@pytest.mark.everloop_only("a question of ipykernel's keeps its thread")
@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    "ask",
    [
        "asyncio.create_task(ainput())",
        "asyncio.get_running_loop().run_in_executor(None, input)",
        "asyncio.get_running_loop().call_soon(input)",
    ],
    ids=["task", "thread", "callback"],
)
def test_atexit_handlers_run_although_a_question_is_open(
    fresh_kernel: Kernel, tmp_path: Path, ask: str, restart: bool
) -> None:
    farewell = tmp_path / "farewell"
    fresh_kernel.ok(f"import atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye');")
    fresh_kernel.question(fresh_kernel.ok(f"import asyncio\nasking = {ask}"))
    shut_down(fresh_kernel, restart)
    assert farewell.read_text() == "bye"


@pytest.mark.everloop_only("ipykernel leaves its children to its manager")
@pytest.mark.parametrize(
    "start",
    [
        "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nchild.pid",
        "import asyncio\nchild = await asyncio.create_subprocess_exec('sleep', '1000')\nchild.pid",
        "import subprocess\nchild = subprocess.Popen(['sh', '-c', 'trap \"\" TERM; while true; do sleep 0.1; done'])\nchild.pid",
    ],
    ids=["Popen", "asyncio", "ignores SIGTERM"],
)
def test_children_do_not_survive(fresh_kernel: Kernel, start: str) -> None:
    pid = int(fresh_kernel.ok(start).result or 0)
    assert is_alive(pid)
    fresh_kernel.expects_death = True
    fresh_kernel.request("shutdown_request", {"restart": False}, channel="control").wait_reply()
    fresh_kernel.wait_exit(LIMIT)
    wait_gone(pid)


def test_threads_do_not_hold_the_kernel_back(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()")
    shut_down(fresh_kernel)


def test_background_tasks_do_not_hold_the_kernel_back(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(
        "import asyncio\nasync def forever():\n    while True: await asyncio.sleep(0.01)\ntask = asyncio.create_task(forever());"
    )
    shut_down(fresh_kernel)


def test_the_last_words_are_heard(fresh_kernel: Kernel) -> None:
    fresh_kernel.expects_death = True
    cell = fresh_kernel.submit("print('last words')")
    cell.wait()
    shut_down(fresh_kernel)
    assert cell.stdout == "last words\n"


def test_restart_through_the_manager(fresh_kernel: Kernel) -> None:
    """What Jupyter Server does when the restart button is pressed: the same ports, a new session, an empty namespace."""
    before = {entry.message["header"]["session"] for entry in fresh_kernel.transcript}
    fresh_kernel.ok("kept = 1")
    pid = fresh_kernel.pid
    # The manager's clients share one identity, and the ports stay: two of them would take each other's replies.
    fresh_kernel.client.stop_channels()
    fresh_kernel.manager.restart_kernel()
    assert fresh_kernel.pid != pid
    client = fresh_kernel.manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LIMIT)
        reply = client.execute_interactive("'kept' in globals()", timeout=LIMIT, output_hook=lambda _message: None)
        assert reply["content"]["execution_count"] == 1
        assert reply["header"]["session"] not in before
    finally:
        client.stop_channels()


def test_sigterm_ends_the_kernel(fresh_kernel: Kernel) -> None:
    fresh_kernel.expects_death = True
    os.kill(fresh_kernel.pid, signal.SIGTERM)
    fresh_kernel.wait_exit(5)


PARENT = """
import sys, time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1])
print(manager.provisioner.pid, flush=True)
time.sleep(1000)
"""


def test_the_kernel_ends_with_its_parent(kernel_environment: dict[str, str]) -> None:
    environment = {**os.environ, **kernel_environment}
    command = [sys.executable, "-c", textwrap.dedent(PARENT), KERNEL_NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    wait_gone(pid)
