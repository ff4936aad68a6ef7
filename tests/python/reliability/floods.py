"""Floods of output, with three front ends at once: one that reads, one that is slow and one that has stopped.

``python -m reliability.floods --kernel everloop --kernel python3`` in ``tests/python`` prints a table.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from client import KERNEL_NAME, LIMIT, Kernel, Request
from jupyter_client.session import DELIM

MEGABYTE = 1 << 20
#: Messages a second of the front end that is slow.
SLOW = 10
#: Seconds in which a front end reads what is left, once it reads at full speed.
CATCH_UP = 20
#: Seconds between two questions for an answer; each brings two messages to the subscribers, too.
ASK = 0.1
#: What stands in the place of messages that a front end has lost.
MISSING = "are missing here"
#: Messages that libzmq holds for a front end which does not ask for them; by default it is a thousand.
HIGH_WATER = 10


@dataclass(frozen=True)
class Flood:
    name: str
    #: The cell; `{count}` is how much of it.
    cell: str
    count: int
    #: What is wrong with what one front end got of `count`: how many are lost or not in order.
    lost: Callable[[Front, int], int]

    def scaled(self, scale: float) -> Flood:
        return Flood(self.name, self.cell, max(int(self.count * scale), 1), self.lost)


def lost_lines(front: Front, count: int) -> int:
    return differences(front.text().splitlines(), (str(number) for number in range(count)), count)


def lost_displays(front: Front, count: int) -> int:
    shown = [content["data"]["text/plain"].partition(" ")[0] for content in front.contents("display_data")]
    return differences(shown, (str(number) for number in range(count)), count)


def lost_characters(front: Front, count: int) -> int:
    text = front.text()
    expected = "0123456789" * count + "\n"
    return 0 if text == expected else max(abs(len(expected) - len(text)), 1)


def lost_in_threads(front: Front, count: int) -> int:
    lines: dict[str, list[str]] = {str(thread): [] for thread in range(8)}
    for line in front.text().splitlines():
        thread, _, number = line.partition(" ")
        lines.setdefault(thread, []).append(number)
    return sum(differences(of, (str(number) for number in range(count)), count) for of in lines.values())


def differences(got: list[str], expected: Iterable[str], count: int) -> int:
    wrong = sum(one != other for one, other in zip(got, expected, strict=False))
    return wrong + abs(len(got) - count)


LINES = Flood("lines printed", "for number in range({count}): print(number)", 1_000_000, lost_lines)
DISPLAYS = Flood(
    "displays",
    'for number in range({count}): display({{"text/plain": f"{{number}} of {count}"}}, raw=True)',
    50_000,
    lost_displays,
)
ONE_PRINT = Flood("times 10 bytes in one print", 'print("0123456789" * {count})', 20_000_000, lost_characters)
THREADS = Flood(
    "lines printed by each of 8 threads at once",
    """
import sys, threading
def work(thread):
    for number in range({count}):
        sys.stdout.write(f"{{thread}} {{number}}\\n")
threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    50_000,
    lost_in_threads,
)
LARGE_DISPLAYS = Flood(
    "displays of 1 MB",
    'for number in range({count}): display({{"text/plain": f"{{number}} " + "x" * 1_000_000}}, raw=True)',
    400,
    lost_displays,
)
FLOODS = [LINES, DISPLAYS, ONE_PRINT, THREADS, LARGE_DISPLAYS]


class Front(threading.Thread):
    """A front end that only subscribes, and keeps what came under one request."""

    def __init__(self, kernel: Kernel, per_second: float | None = None) -> None:
        super().__init__(daemon=True)
        self._pause = 1 / per_second if per_second else 0.0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        if per_second is not None:
            self._socket.rcvhwm = HIGH_WATER
        self._socket.connect(kernel.client._make_url("iopub"))
        self._socket.subscribe(b"")
        self._reads = threading.Event()
        self._parent = b""
        self._ends = threading.Event()
        self.received: list[tuple[str, bytes]] = []
        self.has_ended = threading.Event()
        # The welcome, which says that nothing is lost from now on.
        self._receive(LIMIT)
        if per_second != 0:
            self._reads.set()
        self.start()

    def keep(self, request: Request) -> None:
        # As it stands in JSON: the beginning of an identifier may be another one.
        self._parent = f'"{request.id}"'.encode()

    def _receive(self, seconds: float) -> None:
        if not self._socket.poll(int(seconds * 1000)):
            return
        frames = self._socket.recv_multipart()
        header, parent, _, content = frames[frames.index(DELIM) + 2 :][:4]
        if self._parent and self._parent in parent:
            kind = json.loads(header)["msg_type"]
            self.received.append((kind, content))
            if (kind == "status" and b'"idle"' in content) or (kind == "stream" and MISSING.encode() in content):
                self.has_ended.set()

    def run(self) -> None:
        while not self._ends.is_set():
            if not self._reads.wait(0.1):
                continue
            self._receive(0.1)
            if self._pause:
                self._ends.wait(self._pause)
        self._context.destroy(linger=0)

    def read_on(self) -> None:
        """From now on at full speed."""
        self._pause = 0.0
        self._reads.set()

    def close(self) -> None:
        self._ends.set()
        self.join()

    def contents(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(content) for received, content in self.received if received == kind]

    def text(self, name: str = "stdout") -> str:
        return "".join(content["text"] for content in self.contents("stream") if content["name"] == name)

    @property
    def was_told(self) -> bool:
        """Whether it knows that something is missing."""
        return MISSING in self.text("stderr")


@dataclass
class Result:
    flood: Flood
    seconds: float
    #: Messages that the reading front end got.
    messages: int
    #: Of the front ends: how much is lost or not in order.
    fast: int
    slow: int
    stopped: int
    #: Whether the stopped one was told of what it lost.
    told: bool
    #: The longest time to an answer on control, meanwhile and afterwards.
    answer: float
    #: By which the process was larger at most, in MB.
    growth: float
    replied: bool = field(default=True)

    def row(self, kernel: str) -> str:
        stopped = f"{self.stopped}{', told' if self.told else ''}"
        return (
            f"| {kernel} | {self.flood.count:,} {self.flood.name} | {self.messages:,} | {self.seconds:.1f} s "
            f"| {self.fast:,} | {self.slow:,} | {stopped} | {self.answer * 1000:.0f} ms | {self.growth:.0f} MB |"
        )


HEADER = """| kernel | flood | messages | time | lost: reads | lost: slow | lost: stopped | answers within | grows by |
|---|---|---|---|---|---|---|---|---|"""


def rss(pid: int, name: str = "VmRSS") -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MEGABYTE
    raise AssertionError(f"no {name}")


def only_requests(kernel: Kernel) -> None:
    """The kernel's own client is no subscriber any more, and so no fourth reader."""
    kernel.poller.unregister(kernel.channels.pop("iopub"))
    kernel.client.iopub_channel.stop()


def run(kernel: Kernel, flood: Flood, limit: float = 300, slow_reads: float = SLOW) -> Result:
    """Floods a kernel that has done nothing yet but to start, and looks at what came of it."""
    kernel.ok("from IPython.display import display")
    only_requests(kernel)
    fast, slow, stopped = fronts = [Front(kernel), Front(kernel, slow_reads), Front(kernel, 0)]
    try:
        before = rss(kernel.pid)
        # The largest size of the process from now on.
        Path(f"/proc/{kernel.pid}/clear_refs").write_text("5")
        begin = time.monotonic()
        content = {"code": flood.cell.format(count=flood.count), "allow_stdin": False}
        request = Request(kernel, "shell", kernel.session.msg("execute_request", content))
        for front in fronts:
            front.keep(request)
        kernel.session.send(kernel.channels["shell"], request.message)
        answer = 0.0
        while not (fast.has_ended.wait(ASK) and request.replies) and time.monotonic() - begin < limit:
            answer = max(answer, time_to_answer(kernel))
        seconds = time.monotonic() - begin
        messages = len(fast.received)
        growth = rss(kernel.pid, "VmHWM") - before
        for front in slow, stopped:
            front.read_on()
        end = time.monotonic() + CATCH_UP
        for front in slow, stopped:
            # The end may be lost, too.
            front.has_ended.wait(max(0.0, end - time.monotonic()))
        answer = max(answer, time_to_answer(kernel))
        lost = [flood.lost(front, flood.count) for front in fronts]
        return Result(flood, seconds, messages, *lost, stopped.was_told, answer, growth, bool(request.replies))
    finally:
        for front in fronts:
            front.close()


def time_to_answer(kernel: Kernel) -> float:
    begin = time.monotonic()
    kernel.request("kernel_info_request", channel="control").wait_reply()
    return time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", action="append", help="names of kernelspecs")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", action="append", help="names of floods")
    arguments = parser.parse_args()
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as directory:
        for flood in FLOODS:
            if arguments.only and flood.name not in arguments.only:
                continue
            for name in arguments.kernel or [KERNEL_NAME]:
                kernel = Kernel(name, env={"IPYTHONDIR": directory, "XDG_DATA_HOME": directory})
                try:
                    print(run(kernel.ready(), flood.scaled(arguments.scale)).row(name), flush=True)
                finally:
                    kernel.close()


if __name__ == "__main__":
    main()
