"""What a process takes, as Linux counts it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1 << 20


def own_memory(pid: int) -> float:
    """MB of RSS that no file has, so that it is nothing of a program's pages, which come and go."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the system says nothing of RssAnon")


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS, in MB."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        found[name] = int(value.split()[0]) * 1024 / MEGABYTE
    return found["Rss"], found["Pss"]


def peak(pid: int) -> float:
    """The largest RSS so far, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / MEGABYTE


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """How many there are, but for the one that everloop starts when a lookup takes long for the first time."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        # One that has ended meanwhile is none.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            count += (task / "comm").read_text().strip() != "static lookup"
    return count


def cpu(pid: int) -> float:
    """Seconds of all its threads, without those of children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
