"""What a kernel talks with: front ends that are killed and come again, servers that are killed, and their websockets."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from client import Kernel
from websockets.sync.client import ClientConnection, connect

from reliability import front_end, process
from reliability.faults.outcome import Outcome, finish, started

HERE = Path(__file__).resolve().parents[2]
LINES = 400
PRINTING = f"import time\nfor line in range({LINES}):\n    print(line, flush=True)\n    time.sleep(0.005)\ndone = True"


def front_end_killed(name: str) -> Outcome:
    """SIGKILL while its cell runs; then another one with its session, as a page that is loaded again, and one of its own."""
    with started(name) as kernel:
        session = uuid.uuid4().hex
        cell = _start_and_kill(kernel, session)
        kernel.until(lambda: _is_idle(kernel, cell), "the end of the cell", 60)
        text = "".join(
            entry.content["text"] for entry in kernel.transcript if entry.type == "stream" and entry.parent_id == cell
        )
        outcome = Outcome(sent=LINES, lost=LINES - len(text.splitlines()))
        answers = [_asks(kernel, own) for own in (session, uuid.uuid4().hex)]
        return finish(
            outcome,
            kernel,
            f"the cell ran to its end; answered with the same session: {answers[0]}, with another: {answers[1]}",
        )


def _start_and_kill(kernel: Kernel, session: str) -> str:
    command = [sys.executable, "-m", "reliability.front_end", kernel.manager.connection_file, session, PRINTING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE) as client:
        assert client.stdout is not None
        cell = client.stdout.readline().strip()
        client.kill()
    assert cell, "the front end did not start its cell"
    return cell


def _is_idle(kernel: Kernel, cell: str) -> bool:
    return any(
        entry.type == "status" and entry.parent_id == cell and entry.content["execution_state"] == "idle"
        for entry in kernel.transcript
    )


def _asks(kernel: Kernel, session: str) -> bool:
    client = front_end.connect(kernel.manager.connection_file, session)
    try:
        reply = client.execute("done", silent=True, user_expressions={"done": "done"}, reply=True, timeout=20)
        return reply["content"]["user_expressions"]["done"]["data"]["text/plain"] == "True"
    except (queue.Empty, TimeoutError, KeyError):
        return False
    finally:
        client.stop_channels()


class Server:
    """A Jupyter server without pages."""

    def __init__(self, directory: Path) -> None:
        self.token = uuid.uuid4().hex
        environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(directory), "IPYTHONDIR": str(directory / "ipython")}
        options = (
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            "--port=0",
            f"--IdentityProvider.token={self.token}",
        )
        log = (directory / "log").open("w")
        command = [sys.executable, "-m", "jupyter", "server", *options]
        self.process = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=log)
        log.close()
        self.url = self._url(directory)

    def _url(self, directory: Path) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for file in directory.glob("jpserver-*.json"):
                try:
                    server = json.loads(file.read_text())
                except ValueError:  # it is being written
                    continue
                if server["port"] and self._answers(server["url"]):
                    return server["url"]
            time.sleep(0.05)
        raise AssertionError((directory / "log").read_text())

    def _answers(self, url: str) -> bool:
        try:
            with urllib.request.urlopen(f"{url}api", timeout=60) as answer:
                return answer.status == 200
        except OSError:
            return False

    def start(self, kernel: str) -> str:
        request = urllib.request.Request(
            f"{self.url}api/kernels",
            json.dumps({"name": kernel}).encode(),
            {"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["id"]

    def open(self, kernel: str, session: str) -> ClientConnection:
        url = self.url.replace("http", "ws", 1)
        channels = f"{url}api/kernels/{kernel}/channels?session_id={session}&token={self.token}"
        return connect(channels, max_size=None, open_timeout=60)


@contextmanager
def serving() -> Iterator[Server]:
    with TemporaryDirectory() as directory:
        server = Server(Path(directory))
        try:
            yield server
        finally:
            server.process.terminate()
            try:
                server.process.wait(20)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


def execute(socket: ClientConnection, session: str, code: str) -> str:
    """Sends a cell; the id of its message."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "session": session,
        "username": "",
        "version": "5.3",
        "date": "2000-01-01T00:00:00Z",
    }
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    socket.send(json.dumps(message))
    return header["msg_id"]


def until_idle(socket: ClientConnection, cell: str, limit: float = 60, lines: int | None = None) -> list[str]:
    """What the cell prints until it has ended, or has printed so many lines."""
    text, deadline = "", time.monotonic() + limit
    while time.monotonic() < deadline:
        message: dict[str, Any] = json.loads(socket.recv(timeout=max(0.1, deadline - time.monotonic())))
        if message["parent_header"].get("msg_id") != cell:
            continue
        if message["msg_type"] == "stream":
            text += message["content"]["text"]
        if lines is not None and text.count("\n") >= lines:
            break
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    return text.splitlines()


def websocket_lost(name: str) -> Outcome:
    """The browser loses its connection to the server while a cell prints, and comes again."""
    with serving() as server:
        kernel, session = server.start(name), uuid.uuid4().hex
        socket = server.open(kernel, session)
        pid = _pid(socket, session)
        cell = execute(socket, session, PRINTING)
        seen = until_idle(socket, cell, lines=50)
        # Without a word, as when a lid is closed.
        socket.socket.close()
        time.sleep(0.5)
        begun = time.monotonic()
        with server.open(kernel, session) as later:
            seen += until_idle(later, cell)
            outcome = Outcome(sent=LINES, lost=len({str(n) for n in range(LINES)} - set(seen)))
            answered = until_idle(later, execute(later, session, "print(6 * 7)"))
            outcome.again = time.monotonic() - begun if answered == ["42"] else None
            outcome.memory = process.peak(pid)
        outcome.happened = (
            "the server keeps what was printed meanwhile; what was on its way into the lost connection is lost"
        )
        return outcome


def _pid(socket: ClientConnection, session: str) -> int:
    return int(until_idle(socket, execute(socket, session, "import os; print(os.getpid())"))[0])


def server_killed(name: str) -> Outcome:
    """SIGKILL for the server; a kernel nobody can reach any more ends with it. `again` is how long that took."""
    with serving() as server:
        session = uuid.uuid4().hex
        socket = server.open(server.start(name), session)
        pid = _pid(socket, session)
        execute(socket, session, "while True: pass")
        outcome = Outcome(memory=process.peak(pid))
        server.process.kill()
        server.process.wait()
        begun = time.monotonic()
        while process.is_alive(pid) and time.monotonic() - begun < 10:
            time.sleep(0.02)
        if process.is_alive(pid):
            os.kill(pid, signal.SIGKILL)
            outcome.happened = "it goes on without a server for more than 10 s"
        else:
            outcome.again = time.monotonic() - begun
            outcome.happened = "ended, as it is to"
        return outcome
