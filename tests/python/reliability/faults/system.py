"""The machine: its clock, its ports, its names, its descriptors."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from client import Kernel, Request
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import get_kernel_spec

from reliability import process
from reliability.faults.outcome import Outcome, finish, started

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def clock_set_back(name: str) -> Outcome:
    """An hour back while timers are due; only the clock of the day, as an administrator does it."""
    assert FAKETIME is not None
    with TemporaryDirectory() as directory:
        clock = Path(directory) / "clock"
        clock.write_text("+0")
        variables = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        with started(name, variables) as kernel:
            kernel.ok("import asyncio, time\nfired = []\nbegun = time.time()\nloop = asyncio.get_running_loop()")
            kernel.ok("for when in range(20): loop.call_later(0.05 * when, fired.append, when)")
            clock.write_text("-3600")
            gone_back = kernel.ok("begun - time.time() > 3000").result
            cells = [kernel.run(str(n), store_history=False) for n in range(20)]
            outcome = Outcome(len(cells), sum(cell.result != str(n) for n, cell in enumerate(cells)))
            kernel.ok(
                "await asyncio.wait_for(asyncio.sleep(0.05), 10)\nwhile len(fired) < 20: await asyncio.sleep(0.01)"
            )
            in_order = kernel.ok("fired == list(range(20))").result
            return finish(outcome, kernel, f"an hour back: {gone_back}; all timers fired, in order: {in_order}")


def many_at_once(name: str, count: int = 50) -> Outcome:
    """Kernels that are started at the same moment. `again` is the time until all have answered."""
    begun = time.monotonic()
    kernels: list[Kernel] = []
    try:
        # They still write into it when it goes.
        with TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            for _ in range(count):
                kernels.append(Kernel(name, env={"IPYTHONDIR": directory}))
            outcome = Outcome(count)
            for kernel in kernels:
                try:
                    kernel.until(lambda k=kernel: k.transcript, "a first message", 120)
                    kernel.ready()
                    outcome.lost += kernel.ok("6 * 7", 60).result != "42"
                except AssertionError:
                    outcome.lost += 1
            outcome.again = time.monotonic() - begun
            alive = [kernel for kernel in kernels if kernel.exit_code is None]
            outcome.memory = sum(process.memory(kernel.pid)[1] for kernel in alive)
            ports = [port for kernel in alive for port in kernel.manager.ports]
            outcome.happened = f"{len(alive)} run, {len(set(ports))} ports of {len(ports)}; memory is all their PSS"
            return outcome
    finally:
        for kernel in kernels:
            kernel.close()


def port_taken(name: str) -> Outcome:
    """A port of the connection file belongs to another process: the kernel says so and ends, and the next one starts."""
    with socket.socket() as other, TemporaryDirectory() as directory:
        other.bind(("127.0.0.1", 0))
        other.listen()
        file = Path(directory) / "connection.json"
        write_connection_file(str(file), shell_port=other.getsockname()[1], key=b"secret")
        argv = [word.replace("{connection_file}", str(file)) for word in get_kernel_spec(name).argv]
        run = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            _, said = run.communicate(timeout=20)
            ended = f"ended with code {run.returncode}; it names the address: {'in use' in said.lower()}"
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            ended = "goes on without that port"
    with started(name) as kernel:
        return finish(Outcome(), kernel, ended)


@contextmanager
def deaf_resolver() -> Iterator[tuple[str, ...]]:
    """The command in front of a kernel whose name server takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, TemporaryDirectory(dir="/var/tmp") as directory:
        server.bind(("127.0.0.77", 53))
        configuration = Path(directory) / "resolv.conf"
        configuration.write_text("nameserver 127.0.0.77\noptions timeout:30 attempts:5\n")
        script = f'mount --bind {configuration} /etc/resolv.conf && exec "$@"'
        yield ("unshare", "--mount", "sh", "-c", script, "sh")


def slow_names(name: str) -> Outcome:
    """A name is looked up that nobody answers for: the loop goes on, and a cell that waits for it can be interrupted."""
    with deaf_resolver() as wrapper, started(name, wrapper=wrapper) as kernel:
        kernel.ok("import asyncio, socket\nloop = asyncio.get_running_loop()")
        kernel.ok("asking = asyncio.ensure_future(loop.getaddrinfo('nobody.example', 80))\nawait asyncio.sleep(0.1)")
        cells = [kernel.run(str(n), store_history=False) for n in range(20)]
        outcome = Outcome(len(cells), sum(cell.result != str(n) for n, cell in enumerate(cells)))
        waits = kernel.ok("asking.done()").result == "False"
        awaiting = kernel.submit("print('begun')\nawait loop.getaddrinfo('nobody.example', 81)").wait_for("begun")
        awaited = _interrupted(kernel, awaiting)
        blocking = kernel.submit("print('begun')\nsocket.getaddrinfo('nobody.example', 82)").wait_for("begun")
        blocked = _interrupted(kernel, blocking)
        # What was aborted with the cell before is none of this.
        kernel.run("pass")
        text = f"the loop went on: {waits}; interrupt of `await getaddrinfo`: {awaited}, of `socket.getaddrinfo`: {blocked}"
        return finish(outcome, kernel, text)


def _interrupted(kernel: Kernel, cell: Request, limit: float = 5) -> str:
    kernel.interrupt("message")
    begun = time.monotonic()
    try:
        cell.wait(60)
    except AssertionError:
        return "not within a minute"
    return "at once" if time.monotonic() - begun < limit else "late"


def no_descriptors(name: str, limit: int = 128) -> Outcome:
    """A cell takes all that the process may have, and gives them back."""
    with started(name, wrapper=("prlimit", f"--nofile={limit}:{limit}")) as kernel:
        # A kernel that is loading IPython meanwhile says in each cell that it cannot.
        kernel.ok("get_ipython()\nimport os, asyncio, subprocess\nheld = []")
        taken = kernel.run("while True: held.append(os.open('/dev/null', os.O_RDONLY))")
        assert taken.reply["ename"] == "OSError"
        cells = [kernel.run(str(n), store_history=False) for n in range(20)]
        outcome = Outcome(len(cells), sum(cell.result != str(n) for n, cell in enumerate(cells)))
        errors = [
            kernel.run(code).reply.get("ename", "none")
            for code in (
                "open('/dev/null')",
                "subprocess.run(['true'])",
                "await asyncio.create_subprocess_exec('true')",
                "await asyncio.open_connection('127.0.0.1', 1)",
                "import wave",
            )
        ]
        kernel.ok("for fd in held: os.close(fd)")
        recovered = kernel.run("await (await asyncio.create_subprocess_exec('true')).wait()").result
        named = ", ".join(sorted(set(errors)))
        return finish(outcome, kernel, f"errors: {named}; a child process afterwards: {recovered}")
