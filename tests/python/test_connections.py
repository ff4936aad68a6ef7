"""Connections that end, come again, are lossy, say nothing or say nonsense."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import KERNEL_NAME, LIMIT, Kernel

FOLDER = Path(__file__).parent
CHANNELS = ["shell", "control", "stdin", "hb", "iopub"]
#: What a peer of ZMTP 3.0 begins with, and how it introduces itself.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"

FRONT_END = """
import sys, time
from jupyter_client import BlockingKernelClient
connection_file, session, code = sys.argv[1:]
client = BlockingKernelClient(connection_file=connection_file)
client.load_connection_file()
client.session.session = session
client.start_channels()
client.wait_for_ready(timeout=60)
request = client.execute(code)
while True:
    message = client.get_iopub_msg(timeout=60)
    if message["parent_header"].get("msg_id") == request and message["header"]["msg_type"] == "stream":
        print(request, flush=True)
        break
time.sleep(1000)
"""

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
        command = [sys.executable, "-c", FRONT_END, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
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


def connect(port: int, *said: bytes) -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    # The kernel may hang up before all is said.
    with contextlib.suppress(ConnectionError):
        for part in said:
            stranger.sendall(part)
    return stranger


def ports(kernel: Kernel) -> list[int]:
    connection = json.loads(Path(kernel.manager.connection_file).read_text())
    return [connection[f"{channel}_port"] for channel in CHANNELS]


def descriptors(kernel: Kernel) -> int:
    return len(os.listdir(f"/proc/{kernel.pid}/fd"))


def until_ended(stranger: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        while stranger.recv(1 << 16):
            pass


@pytest.mark.parametrize("introduction", [b"", READY], ids=["stranger", "peer"])
def test_who_announces_more_than_there_is_ends_its_own_connection(
    introduction: bytes, start_kernel: Callable[..., Kernel]
) -> None:
    kernel = start_kernel()
    for port in ports(kernel):
        for length in 1 << 40, 1 << 46, (1 << 63) - 1, (1 << 64) - 1:
            with connect(port, GREETING, introduction, b"\x02", length.to_bytes(8)) as stranger:
                until_ended(stranger)
    assert kernel.ok("6 * 7").result == "42"


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


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network namespace")
@pytest.mark.skipif(not all(map(shutil.which, ["unshare", "ip", "tc"])), reason="needs unshare, ip and tc")
def test_nothing_is_lost_where_packets_are() -> None:
    command = ["unshare", "--net", sys.executable, "-m", "reliability.lossy"]
    environment = {**os.environ, "EVERLOOP_TEST_KERNEL": KERNEL_NAME}
    outcome = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=150)
    if "unshare failed" in outcome.stderr:
        pytest.skip(outcome.stderr)
    assert outcome.returncode == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    if "skipped" in result:
        pytest.skip(result["skipped"])
    assert result["packets"] > 0
    assert result["lost"] == {"reads": 0, "slow": 0, "stopped": 0}
