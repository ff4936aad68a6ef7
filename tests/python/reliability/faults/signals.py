"""Signals: suspended, interrupted a thousand times, told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import zmq
from client import Kernel, Request

from reliability import process
from reliability.faults.outcome import Outcome, finish, started

TICKING = """
import asyncio, time
ticks, fired = 0, []
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.05)
        ticks += 1
ticking = asyncio.create_task(tick())
for when in range(20):
    asyncio.get_running_loop().call_later(0.02 * when, fired.append, when)
"""


def suspended(name: str, seconds: float = 60) -> Outcome:
    """SIGSTOP, with timers due, heartbeats and requests on their way; SIGCONT."""
    with started(name) as kernel, heartbeat(kernel) as beat:
        kernel.ok(TICKING)
        os.kill(kernel.pid, signal.SIGSTOP)
        beat.send(b"beat")
        cells = [kernel.submit(str(n), store_history=False) for n in range(100)]
        time.sleep(seconds)
        os.kill(kernel.pid, signal.SIGCONT)
        outcome = Outcome(sent=len(cells))
        begun = time.monotonic()
        outcome.lost = sum(not is_answered(cell, str(n)) for n, cell in enumerate(cells))
        first = time.monotonic() - begun
        has_beaten = beat.poll(1000) and beat.recv() == b"beat"
        kernel.ok("before = ticks\nwhile ticks == before or len(fired) < 20: await asyncio.sleep(0.01)")
        assert kernel.ok("fired").result == str(list(range(20)))
        finish(outcome, kernel, f"all timers fired, in order; the heartbeat {'came' if has_beaten else 'was lost'}")
        outcome.again = first
        return outcome


def heartbeat(kernel: Kernel) -> zmq.Socket:
    socket = kernel.manager.connect_hb()
    socket.linger = 0
    return socket


def is_answered(cell: Request, result: str, limit: float = 15) -> bool:
    try:
        return cell.wait(limit).result == result
    except AssertionError:
        return False


def flood_of_interrupts(name: str, count: int = 1000) -> Outcome:
    """SIGINT again and again: into a loop that goes on, and when nothing runs."""
    with started(name) as kernel:
        stubborn = kernel.submit(
            "seen = 0\nprint('begun')\nwhile seen < 20:\n    try:\n        while True: pass\n    except KeyboardInterrupt: seen += 1"
        )
        stubborn.wait_for("begun")
        sent = 0
        while sent < count or (not stubborn.is_idle and sent < 50 * count):
            os.kill(kernel.pid, signal.SIGINT)
            sent += 1
            kernel._pump(0.0005)
        stubborn.wait()
        cells = [kernel.submit(str(n), store_history=False) for n in range(20)]
        outcome = Outcome(sent=sent)
        interrupted = sum(cell.wait().result != str(n) for n, cell in enumerate(cells))
        return finish(outcome, kernel, f"cells after it that were interrupted: {interrupted} of {len(cells)}")


#: What the kernel does when it is told to end.
BUSY = {
    "idle": "pass",
    "in a tight loop": "while True: pass",
    "in a system call": "import os\nos.read(os.pipe()[0], 1)",
    "in time.sleep": "import time\ntime.sleep(1000)",
    "awaiting": "import asyncio\nawait asyncio.sleep(1000)",
}


def told_to_end(name: str, doing: str, by: signal.Signals = signal.SIGTERM) -> Outcome:
    """A signal that means the end; `again` is how long the process took to be gone."""
    with started(name) as kernel, TemporaryDirectory() as directory:
        farewell = Path(directory) / "farewell"
        # A kernel that is loading IPython meanwhile may have no time left for its handlers.
        kernel.ok("get_ipython();")
        kernel.ok(f"import atexit, pathlib\natexit.register(pathlib.Path({str(farewell)!r}).write_text, 'bye');")
        cell = kernel.submit(f"print('begun')\n{BUSY[doing]}").wait_for("begun")
        if doing == "idle":
            cell.wait()
        outcome = Outcome(memory=process.peak(kernel.pid))
        os.kill(kernel.pid, by)
        try:
            outcome.again = kernel.wait_exit(10)
        except AssertionError:
            outcome.happened = "it goes on for more than 10 s"
            return outcome
        outcome.happened = f"ended; atexit {'ran' if farewell.exists() else 'did not run'}"
        return outcome


PARENT = """
import sys, time
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name=sys.argv[1])
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
client.execute(sys.argv[2])
while client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
    pass
print(manager.provisioner.pid, flush=True)
time.sleep(1000)
"""


def parent_killed(name: str, doing: str = "in a tight loop") -> Outcome:
    """SIGKILL for the process that started the kernel: a server, say. `again` is how long the kernel outlived it."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT), name, f"print('begun')\n{BUSY[doing]}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        outcome = Outcome(memory=process.peak(pid))
        parent.kill()
    begun = time.monotonic()
    while process.is_alive(pid):
        if time.monotonic() - begun > 10:
            os.kill(pid, signal.SIGKILL)
            outcome.happened = "it goes on without a parent for more than 10 s"
            return outcome
        time.sleep(0.02)
    outcome.again = time.monotonic() - begun
    outcome.happened = "ended"
    return outcome
