"""Runs modules of uvloop's tests and prints what came of them: `python judge.py [MODULE ...]`.

`UVLOOP_SUITE_LOOP=asyncio` judges asyncio's own loop on the same Python: what fails there too is not EverLoop's.
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "everloop" / "uvloop"
#: All but those about its C library, its Cython and its test tools: test_cython, test_fs_event, test_libuv_api,
#: test_sourcecode, test_testbase.
MODULES = tuple(
    f"test_{name}"
    for name in (
        *("aiohttp", "base", "context", "dealloc", "dns", "executors", "pipes", "process", "process_spawning"),
        *("regr1", "runner", "signals", "sockets", "tcp", "udp", "unix"),
    )
)
MODULE_LIMIT = 900  # seconds


class Result(NamedTuple):
    test: str
    outcome: str
    detail: str


class Known(NamedTuple):
    """A line of exceptions.txt: tests that are left out, that fail, or that fail now and then, and why."""

    pattern: str
    kind: str
    reason: str

    def is_about(self, test: str) -> bool:
        return fnmatch(test.removeprefix("tests."), self.pattern)


def exceptions() -> list[Known]:
    lines = (HERE / "exceptions.txt").read_text().splitlines()
    return [Known(*line.split(maxsplit=2)) for line in lines if line and not line.startswith("#")]


def suite() -> Path:
    """The directory of uvloop's sources, downloaded by pip if they are not in the cache."""
    requirement = (HERE / "requirements.txt").read_text().split()[0]
    name = requirement.replace("==", "-")
    directory = CACHE / name
    if not directory.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        archive = CACHE / f"{name}.tar.gz"
        if not archive.exists():
            download(CACHE)
        check_hash(archive)
        with tempfile.TemporaryDirectory(dir=CACHE) as unpacked:
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked)
            (Path(unpacked) / name).rename(directory)
    return directory


def download(directory: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # Only the sources have the tests. pip builds their metadata, with tools that it takes as wheels.
    pip += ["--no-binary", "uvloop", "--dest", str(directory), "--requirement", str(HERE / "requirements.txt")]
    subprocess.run(pip, check=True, timeout=600)


def check_hash(archive: Path) -> None:
    wanted = (HERE / "requirements.txt").read_text().split("sha256:")[1].strip()
    if hashlib.sha256(archive.read_bytes()).hexdigest() != wanted:
        raise RuntimeError(f"{archive} is not what was pinned")


def run(module: str) -> list[Result]:
    """The results of a module. After a test that hung or that ended the process, the rest is run in a new process."""
    binary = os.environ.get("EVERLOOP_BIN", "everloop")
    environment = {
        **os.environ,
        "UVLOOP_SUITE": str(suite()),
        "PYTHONPATH": os.pathsep.join([str(HERE / "stand_in"), str(suite())]),  # also for the tests' own processes
        "EVERLOOP_ENVIRONMENT": sys.prefix,
    }
    left_out = [f"tests.{exception.pattern}" for exception in exceptions() if exception.kind == "left-out"]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "results"
        file.touch()
        while True:
            before = read(file)
            done = subprocess.run(
                [binary, "python", "-W", "ignore", str(HERE / "run_module.py"), module, str(file)],
                input="\n".join([*left_out, *(result.test for result in before)]),
                env=environment,
                cwd=directory,
                capture_output=True,
                text=True,
                timeout=MODULE_LIMIT,
                check=False,
            )
            results = read(file)
            if done.returncode == 0:
                return results
            if len(results) == len(before):
                raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")


def read(file: Path) -> list[Result]:
    return [Result(*json.loads(line)) for line in file.read_text().splitlines()]


def surprises(results: list[Result]) -> list[str]:
    """Failures that no line of exceptions.txt names, and lines that are not needed."""
    found = []
    known = exceptions()
    for result in results:
        exception = next((exception for exception in known if exception.is_about(result.test)), None)
        failed = result.outcome in ("failed", "hung")
        if failed and exception is None:
            found.append(f"{result.test} {result.outcome}\n{result.detail}")
        elif exception is not None and exception.kind == "fails" and result.outcome == "passed":
            found.append(f"{result.test} passes: its line in exceptions.txt can go")
    return found


def main(names: list[str]) -> int:
    status = 0
    for module in names or MODULES:
        results = run(module)
        counts = collections.Counter(result.outcome for result in results)
        print(
            f"| {module} | {len(results)} |", *(f"{counts[key]} |" for key in ("passed", "skipped", "failed", "hung"))
        )
        for text in surprises(results):
            print(text)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
