"""Connections that end, come again, are lossy, say nothing or say nonsense."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import KERNEL_NAME, Kernel
from reliability.faults import strangers
from reliability.faults.strangers import CHANNELS, GREETING, READY, connect, ports

CELL = """
import pathlib, time
print("begun")
while not pathlib.Path({flag!r}).exists():
    print(".", end="")
    time.sleep(0.001)
answer = input("still here? ")
print("answered", answer)
"""


@pytest.fixture
def front_end() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "reliability.front_end", *arguments]
        folder = Path(__file__).parent
        started.append(subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.everloop_only("nothing is answered on shell while a cell runs")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_front_end_that_comes_again_goes_on_with_its_cell(
    how: signal.Signals, start_kernel: Callable[..., Kernel], front_end: Callable[..., Any], tmp_path: Path
) -> None:
    """With the identity that it had, whether the kernel has heard of the end of its former connections or not."""
    kernel = start_kernel()
    session, flag = str(uuid.uuid4()), tmp_path / "flag"
    former = front_end(kernel.manager.connection_file, session, CELL.format(flag=str(flag)))
    cell = former.stdout.readline().strip()
    assert cell
    former.send_signal(how)
    kernel.come_again_as(session)
    kernel.request("kernel_info_request").wait()
    flag.touch()

    def of_cell(channel: str, kind: str) -> list[Any]:
        entries = kernel.transcript
        return [entry for entry in entries if (entry.channel, entry.type, entry.parent_id) == (channel, kind, cell)]

    kernel.until(lambda: of_cell("stdin", "input_request"), "the question of the former front end's cell")
    kernel.answer(of_cell("stdin", "input_request")[0], "yes")
    kernel.until(lambda: of_cell("shell", "execute_reply"), "the reply to the former front end's cell")
    assert of_cell("shell", "execute_reply")[0].content["status"] == "ok"
    kernel.until(
        lambda: any("answered yes" in stream.content["text"] for stream in of_cell("iopub", "stream")), "its output"
    )
    assert kernel.ok("answer").result == "'yes'"


def descriptors(kernel: Kernel) -> int:
    return len(os.listdir(f"/proc/{kernel.pid}/fd"))


@pytest.mark.parametrize("introduction", [b"", READY], ids=["stranger", "peer"])
def test_who_announces_more_than_there_is_ends_its_own_connection(
    introduction: bytes, start_kernel: Callable[..., Kernel]
) -> None:
    kernel = start_kernel()
    assert strangers.announce(kernel, introduction) > 0
    assert kernel.ok("6 * 7").result == "42"


@pytest.mark.everloop_only("libzmq takes what arrives as long as there is memory")
def test_frames_without_an_end_meet_the_limit_of_a_message(start_kernel: Callable[..., Kernel]) -> None:
    """Of the heartbeat, which is the smallest."""
    kernel = start_kernel()
    heartbeat = ports(kernel)[CHANNELS.index("hb")]
    frames = (b"\x01\x40" + bytes(64)) * 1_000_000
    with connect(heartbeat, GREETING, READY) as stranger, pytest.raises(ConnectionError):
        stranger.sendall(frames)
    assert kernel.ok("6 * 7").result == "42"


def test_a_thousand_connections_that_say_nothing_keep_nobody_out(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    # IPython has descriptors of its own.
    kernel.ok("%time 1")
    before = descriptors(kernel)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(200, (soft - 500) // len(CHANNELS))
    if count < 100:
        pytest.skip(f"only {soft} descriptors")
    silent = [connect(port) for port in ports(kernel) for _ in range(count)]
    half = [connect(port, GREETING[:32]) for port in ports(kernel)]
    kernel.come_again_as(str(uuid.uuid4()))
    assert kernel.ok("6 * 7").result == "42"
    for stranger in [*silent, *half]:
        stranger.close()

    def gone() -> bool:
        return descriptors(kernel) <= before + 5

    kernel.until(gone, "the end of their connections")


def test_nothing_is_lost_where_packets_are() -> None:
    try:
        outcome = strangers.packets_lost(KERNEL_NAME)
    except strangers.CannotLose as reason:
        pytest.skip(str(reason))
    assert outcome.lost == 0, outcome
