"""Who connects and is no front end, and a network that loses packets."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from client import LIMIT, Kernel

from reliability import floods
from reliability.faults.outcome import Outcome, finish, started

CHANNELS = ["shell", "control", "stdin", "hb", "iopub"]
#: What a peer of ZMTP 3.0 begins with, and how it introduces itself.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
#: Lengths of a frame that no machine has.
LENGTHS = [1 << 40, 1 << 46, (1 << 63) - 1, (1 << 64) - 1]


def ports(kernel: Kernel) -> list[int]:
    connection = json.loads(Path(kernel.manager.connection_file).read_text())
    return [connection[f"{channel}_port"] for channel in CHANNELS]


def connect(port: int, *said: bytes) -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    # The kernel may hang up before all is said.
    with contextlib.suppress(ConnectionError):
        for part in said:
            stranger.sendall(part)
    return stranger


def until_ended(stranger: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        while stranger.recv(1 << 16):
            pass


def announce(kernel: Kernel, introduction: bytes) -> int:
    """On every port, frames that are longer than there is memory. Returns how many connections ended for it."""
    frames = [(port, length) for port in ports(kernel) for length in LENGTHS]
    for port, length in frames:
        with connect(port, GREETING, introduction, b"\x02", length.to_bytes(8)) as stranger:
            until_ended(stranger)
    return len(frames)


def announced(name: str) -> Outcome:
    with started(name) as kernel:
        # A kernel that is dead, or that waits for so many bytes, is what there is to see.
        with contextlib.suppress(OSError):
            announce(kernel, READY)
        return finish(Outcome(), kernel, "each ended its own connection")


def silent(name: str, count: int = 1000) -> Outcome:
    """A front end that comes while so many connections say nothing."""
    with started(name) as kernel:
        strangers = [connect(port) for port in ports(kernel) for _ in range(count // len(CHANNELS))]
        try:
            kernel.come_again_as("behind-strangers")
            return finish(Outcome(), kernel, "the next front end is served")
        finally:
            for stranger in strangers:
                stranger.close()


class CannotLose(Exception):
    """Only root can, and not everywhere."""


def packets_lost(name: str) -> Outcome:
    if os.geteuid() != 0 or not all(map(shutil.which, ["unshare", "ip", "tc"])):
        raise CannotLose("needs root, unshare, ip and tc")
    command = ["unshare", "--net", sys.executable, "-m", "reliability.lossy"]
    environment = {**os.environ, "EVERLOOP_TEST_KERNEL": name}
    folder = Path(floods.__file__).parent.parent
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150)
    if "unshare failed" in done.stderr:
        raise CannotLose(done.stderr)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    if "skipped" in result:
        raise CannotLose(result["skipped"])
    lost = result["lost"]
    return Outcome(
        floods.LINES.scaled(0.1).count,
        lost["reads"],
        again=result["again"],
        happened=f"{result['packets']:,} packets were lost, and nothing of a whole conversation",
    )
