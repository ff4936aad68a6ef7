"""Mixed work against one kernel for as long as is asked, with restarts of a second one: nothing may grow.

``python -m reliability.soak --minutes 60`` in ``tests/python``; ``make soak MINUTES=60``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from client import KERNEL_NAME, Kernel

from reliability import process
from reliability.document import origin, write_section
from reliability.work import jobs_for, ok, prepare, repeated

#: After so many rounds the same numbers come again.
NUMBERS = 20
#: The second kernel is restarted once in so many rounds.
RESTARTS = 10
#: Of the time, what passes before memory, descriptors and threads are judged.
WARM_UP = 0.2
#: MB that RSS may have grown by at the end, and bytes for each request: what allocators and the history of the cells need,
#: and what an ended thread keeps (docs/upstream.md).
GROWTH, GROWTH_PER_REQUEST = 20.0, 400
#: How many times as much a request may take to compute at the end: the machine does other work, too.
SLOWER = 2.0


@dataclass
class Sample:
    """What the kernel took at the end of a round, when nothing ran."""

    seconds: float
    rss: float
    pss: float
    descriptors: int
    threads: int
    tasks: int
    #: Seconds that it has computed so far, and the requests so far.
    cpu: float
    requests: int
    #: The mean number of processes that waited for a core of this machine, which latency depends on.
    machine_load: float
    #: Milliseconds of small cells, from the request to idle.
    latencies: list[float]


@dataclass
class Soak:
    kernel: str
    samples: list[Sample] = field(default_factory=list)
    requests: int = 0
    messages: int = 0
    rounds: int = 0
    restarts: int = 0
    remembered: int = 0
    #: Interrupts that had to be sent a second time.
    repeated: list[str] = field(default_factory=lambda: repeated)

    # -- the work

    def run(self, seconds: float, load: float, report: Callable[[Soak], None] = lambda soak: None) -> None:
        """`load` is how much of one core the kernels and this process may take; `report` is called now and then."""
        with tempfile.TemporaryDirectory() as directory:
            environment = {"IPYTHONDIR": directory, "XDG_DATA_HOME": directory}
            first, second = (Kernel(self.kernel, env=environment).ready() for _ in range(2))
            try:
                prepare(first)
                begun = time.monotonic()
                pace = Pace(load, first)
                while (elapsed := time.monotonic() - begun) < seconds:
                    self._round(first, second, elapsed)
                    if self.rounds % 100 == 0:
                        report(self)
                    pace.rest()
            finally:
                first.close()
                second.close()

    def _round(self, kernel: Kernel, second: Kernel, elapsed: float) -> None:
        number = self.rounds % NUMBERS
        for job in jobs_for(kernel):
            job(kernel, number)
            self._forget(kernel)
        if self.rounds % RESTARTS == RESTARTS - 1:
            self._restart(second)
        latencies = [self._latency(kernel, number + i) for i in range(10)]
        self._forget(kernel)
        self.rounds += 1
        self.remembered += 2
        self.samples.append(self._sample(kernel, elapsed, latencies))
        self._forget(kernel)

    def _forget(self, kernel: Kernel) -> None:
        kernel.check()
        self.requests += len(kernel.requests)
        self.messages += len(kernel.transcript)
        kernel.requests.clear()
        kernel.transcript.clear()

    def _restart(self, kernel: Kernel) -> None:
        ok(kernel, "kept = 1")
        old = kernel.pid
        kernel.restart()
        assert not process.is_alive(old), "the process before the restart is still there"
        assert ok(kernel, "'kept' in globals()").result == "False"
        self._forget(kernel)
        self.restarts += 1

    def _latency(self, kernel: Kernel, number: int) -> float:
        begun = time.perf_counter()
        cell = ok(kernel, f"{number} + 1")
        taken = time.perf_counter() - begun
        assert cell.result == str(number + 1)
        return taken * 1000

    def _sample(self, kernel: Kernel, elapsed: float, latencies: list[float]) -> Sample:
        count = {"tasks": "len(asyncio.all_tasks())"}
        tasks = ok(kernel, "", silent=True, user_expressions=count).reply["user_expressions"]["tasks"]
        rss, pss = process.memory(kernel.pid)
        pid = kernel.pid
        return Sample(
            elapsed,
            rss,
            pss,
            process.descriptors(pid),
            process.threads(pid),
            int(tasks["data"]["text/plain"]),
            process.cpu(pid),
            self.requests,
            os.getloadavg()[0],
            latencies,
        )

    # -- what came of it

    @property
    def judged(self) -> list[Sample]:
        """The samples after the warm-up."""
        return self.samples[int(len(self.samples) * WARM_UP) :]

    @property
    def hours(self) -> float:
        return (self.judged[-1].seconds - self.judged[0].seconds) / 3600

    def slope(self, name: str) -> float:
        """By hour, by least squares."""
        hours = [sample.seconds / 3600 for sample in self.judged]
        return statistics.linear_regression(hours, [getattr(sample, name) for sample in self.judged]).slope

    def tenths(self) -> tuple[list[Sample], list[Sample]]:
        """The first and the last tenth of what is judged."""
        size = max(1, len(self.judged) // 10)
        return self.judged[:size], self.judged[-size:]

    def line(self) -> str:
        last = self.samples[-1]
        return (
            f"{last.seconds:7.0f} s  {self.rounds:6} rounds  {self.requests:8} requests  RSS {last.rss:6.1f}  PSS {last.pss:6.1f} MB"
            f"  {last.descriptors} descriptors  {last.threads} threads  p50 {statistics.median(last.latencies):.2f} ms"
        )

    def failures(self) -> list[str]:
        """What must not be."""
        first, last = self.tenths()
        found = []
        for name in ("descriptors", "threads", "tasks"):
            before, after = max(getattr(s, name) for s in first), min(getattr(s, name) for s in last)
            if after > before:
                found.append(f"{name} grew from {before} to {after}")
        grown = self.slope("rss") * self.hours
        requests = self.judged[-1].requests - self.judged[0].requests
        if grown > (allowed := GROWTH + GROWTH_PER_REQUEST * requests / process.MEGABYTE):
            found.append(f"RSS grew by {grown:.1f} MB, more than {allowed:.1f}")
        third = len(self.judged) // 3
        before, after = computing(self.judged[: third + 1]), computing(self.judged[-third - 1 :])
        if after > SLOWER * before:
            found.append(f"a request took {before:.2f} ms of computing, and {after:.2f} ms at the end")
        return found


class Pace:
    """Rests after each round for so long that no more than a part of a core is taken."""

    def __init__(self, load: float, kernel: Kernel) -> None:
        self._load = load
        self._kernel = kernel
        self._used, self._at = self._cpu(), time.monotonic()

    def _cpu(self) -> float:
        own = os.times()
        return own.user + own.system + own.children_user + own.children_system + process.cpu(self._kernel.pid)

    def rest(self) -> None:
        used = self._cpu()
        due = self._at + (used - self._used) / self._load
        time.sleep(max(0.0, due - time.monotonic()))
        self._used, self._at = used, time.monotonic()


def computing(samples: list[Sample]) -> float:
    """Milliseconds of the kernel's own computing by request."""
    begun, ended = samples[0], samples[-1]
    return 1000 * (ended.cpu - begun.cpu) / max(1, ended.requests - begun.requests)


def quantile(samples: list[Sample], part: float) -> float:
    values = sorted(value for sample in samples for value in sample.latencies)
    return values[min(len(values) - 1, int(len(values) * part))]


def table(soak: Soak) -> str:
    first, last = soak.tenths()

    def middle(samples: list[Sample], name: str) -> float:
        return statistics.median(getattr(sample, name) for sample in samples)

    rows = [
        f"| {soak.kernel} | first tenth | last tenth | by hour |",
        "|---|---|---|---|",
    ]
    for name, title in (
        ("rss", "RSS, MB"),
        ("pss", "PSS, MB"),
        ("descriptors", "descriptors"),
        ("threads", "threads"),
        ("tasks", "tasks"),
    ):
        rows.append(f"| {title} | {middle(first, name):.4g} | {middle(last, name):.4g} | {soak.slope(name):+.2f} |")
    requests = soak.judged[-1].requests - soak.judged[0].requests
    kept = soak.slope("rss") * soak.hours * process.MEGABYTE / max(1, requests)
    rows.append(f"| RSS by request, bytes | | | {kept:+.0f} by request |")
    rows.append(f"| computing by request, ms | {computing(first):.2f} | {computing(last):.2f} | |")
    for part, title in ((0.5, "p50"), (0.99, "p99")):
        rows.append(f"| a cell, {title}, ms | {quantile(first, part):.2f} | {quantile(last, part):.2f} | |")
    loads = (statistics.mean(sample.machine_load for sample in part) for part in (first, last))
    rows.append("| processes that want a core of the machine | {:.1f} | {:.1f} | |".format(*loads))
    return "\n".join(rows)


def minutes(soak: Soak) -> str:
    return f"{soak.samples[-1].seconds / 60:.1f} minutes"


def summary(soak: Soak) -> str:
    interrupts = f"{len(soak.repeated)} of its interrupts had to be sent a second time"
    return (
        f"{minutes(soak)} of cells, awaits, errors, interrupts, comms, lookups, displays, questions, threads, child processes, "
        f"background tasks, magics and cells beside each other: {soak.requests:,} requests, of which each was answered as it should be; "
        f"{soak.messages:,} messages; {soak.remembered:,} cells are in the kernel's history; a second kernel was restarted {soak.restarts:,} "
        f"times; {interrupts}. The first fifth is not judged."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", default=KERNEL_NAME)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--load", type=float, default=1.0, help="the part of one core that is taken")
    parser.add_argument("--samples", type=Path, help="the file that keeps all samples")
    parser.add_argument("--read", action="store_true", help="run nothing: the samples are there")
    parser.add_argument("--record", action="store_true", help="write the table into tests/reliability.md")
    parser.add_argument("--beside", type=Path, help="the samples of another kernel's soak, which are shown too")
    arguments = parser.parse_args()
    soak = read(arguments.samples) if arguments.read else run(arguments)
    text = f"{summary(soak)}\n\n{table(soak)}"
    if arguments.beside:
        other = read(arguments.beside)
        text += (
            f"\n\n{minutes(other)} of what {other.kernel} can do of it, {other.requests:,} requests:\n\n{table(other)}"
        )
    print(text)
    if arguments.record:
        write_section("Soak", f"{text}\n\n{origin()}")
    if found := soak.failures():
        sys.exit("\n".join(found))


def run(arguments: argparse.Namespace) -> Soak:
    soak = Soak(arguments.kernel)

    def report(soak: Soak) -> None:
        print(soak.line(), flush=True)
        if arguments.samples:
            arguments.samples.write_text(json.dumps(asdict(soak)))

    soak.run(arguments.minutes * 60, arguments.load, report)
    report(soak)
    return soak


def read(file: Path) -> Soak:
    fields = json.loads(file.read_text())
    return Soak(**{**fields, "samples": [Sample(**sample) for sample in fields["samples"]]})


if __name__ == "__main__":
    main()
