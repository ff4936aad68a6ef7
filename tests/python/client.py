"""A kernel as a front end sees it.

Every message that arrives is kept in a transcript. Every wait has a limit, and when it ends the transcript is what the
error prints. Nothing here is shared with the kernel: messages are packed, signed and read by jupyter_client.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import zmq
from jupyter_client.manager import KernelManager

KERNEL_NAME = os.environ.get("EVERLOOP_TEST_KERNEL", "everloop")
IS_EVERLOOP = KERNEL_NAME.startswith("everloop")

#: Seconds that a single wait may take. Generous, since it is the limit of a broken kernel and not the speed of a good one.
LIMIT = float(os.environ.get("EVERLOOP_TEST_LIMIT", "30"))

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """The text without its colours."""
    return ANSI.sub("", text)


class Entry(NamedTuple):
    at: float
    channel: str
    message: dict[str, Any]

    @property
    def type(self) -> str:
        return self.message["header"]["msg_type"]

    @property
    def parent_id(self) -> str:
        return (self.message["parent_header"] or {}).get("msg_id", "")

    @property
    def content(self) -> dict[str, Any]:
        return self.message["content"]

    def __str__(self) -> str:
        content = json.dumps(self.content, ensure_ascii=False, default=str)
        if len(content) > 400:
            content = f"{content[:400]}… ({len(content)} characters)"
        return f"{self.at:8.3f}  {self.channel:7}  {self.type:20}  <{self.parent_id[-8:]:8}>  {content}"


@dataclass
class Request:
    """A request and what came of it: its reply, and everything on iopub that names it as its parent."""

    kernel: Kernel = field(repr=False)
    channel: str
    message: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return self.message["header"]["msg_id"]

    def entries(self, channel: str, *types: str) -> list[Entry]:
        return [
            entry
            for entry in self.kernel.transcript
            if entry.channel == channel and entry.parent_id == self.id and (not types or entry.type in types)
        ]

    def published(self, *types: str) -> list[dict[str, Any]]:
        """The contents of what was published under this request, in order."""
        return [entry.content for entry in self.entries("iopub", *types)]

    @property
    def published_types(self) -> list[str]:
        return [entry.type for entry in self.entries("iopub")]

    @property
    def replies(self) -> list[Entry]:
        return [entry for entry in self.entries(self.channel) if entry.type.endswith("_reply")]

    @property
    def reply(self) -> dict[str, Any]:
        """The content of the reply; waits for it."""
        return self.wait_reply().content

    def wait_reply(self, limit: float = LIMIT) -> Entry:
        name = self.message["header"]["msg_type"]
        self.kernel.until(lambda: self.replies, f"the reply to {name} <{self.id[-8:]}>", limit)
        return self.replies[0]

    @property
    def is_idle(self) -> bool:
        return any(status["execution_state"] == "idle" for status in self.published("status"))

    def wait(self, limit: float = LIMIT) -> Request:
        """Until it was replied to and the kernel said idle."""
        self.wait_reply(limit)
        return self.wait_idle(limit)

    def wait_idle(self, limit: float = LIMIT) -> Request:
        """Until the kernel said idle; for messages that have no reply."""
        self.kernel.until(lambda: self.is_idle, f"idle after <{self.id[-8:]}>", limit)
        return self

    def wait_for(self, text: str, stream: str = "stdout", limit: float = LIMIT) -> Request:
        """Until `text` was printed under this request."""
        self.kernel.until(lambda: text in self.stream(stream), f"{text!r} on {stream} of <{self.id[-8:]}>", limit)
        return self

    def wait_published(self, msg_type: str, count: int = 1, limit: float = LIMIT) -> list[dict[str, Any]]:
        what = f"{count} {msg_type} of <{self.id[-8:]}>"
        self.kernel.until(lambda: len(self.published(msg_type)) >= count, what, limit)
        return self.published(msg_type)

    def wait_busy(self, limit: float = LIMIT) -> Request:
        """Until the kernel has begun to run this cell."""
        self.wait_published("execute_input", limit=limit)
        return self

    def stream(self, name: str) -> str:
        return "".join(content["text"] for content in self.published("stream") if content["name"] == name)

    @property
    def stdout(self) -> str:
        return self.stream("stdout")

    @property
    def stderr(self) -> str:
        return self.stream("stderr")

    @property
    def result(self) -> str | None:
        """The text of the displayed value, None when there is none."""
        results = self.published("execute_result")
        assert len(results) <= 1, f"{len(results)} results\n{self.kernel.transcript_text()}"
        return results[0]["data"]["text/plain"] if results else None

    @property
    def error(self) -> dict[str, Any] | None:
        errors = self.published("error")
        assert len(errors) <= 1, f"{len(errors)} errors\n{self.kernel.transcript_text()}"
        return errors[0] if errors else None

    @property
    def traceback(self) -> str:
        assert self.error is not None, f"no error was published\n{self.kernel.transcript_text()}"
        return plain("\n".join(self.error["traceback"]))


class KernelDied(AssertionError):
    """The process ended although nobody asked it to."""


class Kernel:
    """One kernel process, started through its kernelspec, and a client with all its channels."""

    def __init__(
        self,
        name: str = KERNEL_NAME,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        """`wrapper` is a command that becomes the kernel's: `prlimit --nofile=64`, say."""
        self.transcript: list[Entry] = []
        self.requests: list[Request] = []
        self.log = tempfile.NamedTemporaryFile(prefix="kernel-", suffix=".log")  # noqa: SIM115 (closed by close())
        self.expects_death = False
        self._answered: set[str] = set()
        self._born = time.monotonic()
        self.manager = KernelManager(kernel_name=name)
        # ipykernel captures less when it believes that it runs inside a test.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        # What a test says wins over what the kernelspec says.
        self.manager.kernel_spec.env.update(env or {})
        argv = self.manager.kernel_spec.argv
        if wrapper and argv[0] == "python":
            # jupyter_client looks at the first word alone.
            argv[0] = sys.executable
        argv[:0] = wrapper
        self.manager.start_kernel(cwd=cwd, env={**environment, **(env or {})}, stdout=self.log, stderr=self.log)
        self._connect()

    def _connect(self, session: str | None = None) -> None:
        self.client = self.manager.client()
        if session is not None:
            self.client.session.session = session
        self.client.start_channels(hb=False)
        self.session = self.client.session
        self.channels = {
            "shell": self.client.shell_channel.socket,
            "iopub": self.client.iopub_channel.socket,
            "stdin": self.client.stdin_channel.socket,
            "control": self.client.control_channel.socket,
        }
        self.poller = zmq.Poller()
        for socket in self.channels.values():
            self.poller.register(socket, zmq.POLLIN)

    def come_again_as(self, session: str) -> None:
        """As a front end whose connections ended, or another one, by the name of its session."""
        self.client.stop_channels()
        self.transcript.clear()
        self.requests.clear()
        self._connect(session)
        self.ready()

    def ready(self) -> Kernel:
        """Until it answers and its iopub is known to reach us: nothing of a later request can be lost."""
        self.until(lambda: any(entry.type == "iopub_welcome" for entry in self.transcript), "iopub_welcome")
        self.request("kernel_info_request").wait()
        return self

    # -- what happens

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    @property
    def exit_code(self) -> int | None:
        process = self.manager.provisioner.process
        return process.poll() if process is not None else 0

    def _pump(self, seconds: float) -> None:
        ready = dict(self.poller.poll(int(seconds * 1000)))
        for name, socket in self.channels.items():
            while socket in ready and socket.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                _, frames = self.session.feed_identities(socket.recv_multipart())
                message = self.session.deserialize(frames)
                self.transcript.append(Entry(time.monotonic() - self._born, name, message))

    def until(self, happened: Callable[[], Any], what: str, limit: float = LIMIT) -> None:
        """Read messages until `happened()` is true. The only way in which a test waits for the kernel."""
        deadline = time.monotonic() + limit
        while not happened():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"waited {limit:g} s for {what}\n{self.transcript_text()}")
            if self.exit_code is not None and not self.expects_death:
                self._pump(0)
                if not happened():
                    raise KernelDied(f"exit code {self.exit_code} while waiting for {what}\n{self.transcript_text()}")
            self._pump(min(left, 0.1))

    def transcript_text(self) -> str:
        lines = ["-- sent (the last 30)"]
        for request in self.requests[-30:]:
            content = json.dumps(request.message["content"], ensure_ascii=False)[:400]
            lines.append(
                f"{request.channel:7}  {request.message['header']['msg_type']:20}  <{request.id[-8:]}>  {content}"
            )
        lines += ["-- received (the last 120)", *map(str, self.transcript[-120:])]
        log = Path(self.log.name).read_text(errors="replace")[-4000:]
        if log:
            lines += ["-- what the process itself printed", log]
        return "\n".join(lines)

    # -- what we ask

    def request(
        self,
        msg_type: str,
        content: dict[str, Any] | None = None,
        channel: str = "shell",
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
    ) -> Request:
        message = self.session.msg(msg_type, content or {}, metadata=metadata)
        self.session.send(self.channels[channel], message, buffers=buffers)
        request = Request(self, channel, message)
        self.requests.append(request)
        return request

    def submit(self, code: str, **fields: Any) -> Request:
        """Ask for the execution of a cell and do not wait."""
        metadata = fields.pop("metadata", None)
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": True,
            **fields,
        }
        return self.request("execute_request", content, metadata=metadata)

    def run(self, code: str, limit: float = LIMIT, **fields: Any) -> Request:
        """Execute a cell to its end."""
        return self.submit(code, **fields).wait(limit)

    def ok(self, code: str, limit: float = LIMIT, **fields: Any) -> Request:
        """Execute a cell to its end, which has to be a good one."""
        cell = self.run(code, limit, **fields)
        assert cell.reply["status"] == "ok", self.transcript_text()
        return cell

    def until_queued(self) -> None:
        """Until all that was sent on shell has arrived at the kernel, also while a cell runs.

        Sending returns before anything has left this process. A request behind the others on the same connection tells,
        if the kernel answers it while a cell runs; others have to be trusted to be no faster than their socket.
        """
        request = self.request("kernel_info_request")
        if self.manager.kernel_name.startswith("everloop"):
            request.wait()

    def question(self, cell: Request, limit: float = LIMIT) -> Entry:
        """The next unanswered input_request of a cell."""

        def asked() -> list[Entry]:
            questions = cell.entries("stdin", "input_request")
            return [question for question in questions if question.message["header"]["msg_id"] not in self._answered]

        self.until(asked, f"input_request of <{cell.id[-8:]}>", limit)
        return asked()[0]

    def answer(self, question: Entry, value: str) -> None:
        self._answered.add(question.message["header"]["msg_id"])
        reply = self.session.msg("input_reply", {"value": value}, parent=question.message["header"])
        self.session.send(self.channels["stdin"], reply)

    def interrupt(self, how: str) -> None:
        """`message`: an interrupt_request on control, until it is answered. `signal`: SIGINT, as a terminal sends it."""
        if how == "message":
            self.request("interrupt_request", channel="control").wait()
        else:
            os.kill(self.pid, signal.SIGINT)

    # -- what must be true at any time

    def check(self) -> None:
        """Each request has exactly one reply and stands in one pair of busy and idle, and nothing was said outside of them.

        Asked after every test. The kernel_info_request is the barrier behind which nothing of the others can arrive.
        """
        self.request("kernel_info_request").wait()
        for request in self.requests:
            name = f"{request.message['header']['msg_type']} <{request.id[-8:]}>"
            states = [status["execution_state"] for status in request.published("status")]
            assert states == ["busy", "idle"], f"{name}: {states}\n{self.transcript_text()}"
            assert request.published_types[0] == "status", f"{name} began before busy\n{self.transcript_text()}"
            expected = 0 if request.message["header"]["msg_type"].startswith("comm_") and "info" not in name else 1
            assert len(request.replies) == expected, f"{name}: {len(request.replies)} replies\n{self.transcript_text()}"

    # -- the end

    def restart(self) -> Kernel:
        """As the restart button does: another process on the same ports."""
        # The manager's clients share one identity, and the ports stay: two of them would take each other's replies.
        self.client.stop_channels()
        self.manager.restart_kernel()
        self.requests.clear()
        self.transcript.clear()
        self._connect()
        return self.ready()

    def wait_exit(self, limit: float) -> float:
        """Until the process is gone; how many seconds that took."""
        self.expects_death = True
        begun = time.monotonic()
        self.until(lambda: self.exit_code is not None, "the end of the process", limit)
        self._pump(0)
        return time.monotonic() - begun

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy(linger=0)
        self.log.close()
