"""Runs modules of ``test.test_asyncio`` in processes of their own and collects what became of their tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")
RUN_MODULE = Path(__file__).parent / "run_module.py"

#: Seconds after which a test is taken for hanging.
TEST_LIMIT = 40
#: Seconds after which a module is given up, whatever its tests do.
MODULE_LIMIT = 300
#: Not about a loop on Linux: Windows, and the analysis of other processes' memory.
OTHER_MODULES = {"test_windows_events", "test_windows_utils", "test_tools"}


@dataclass
class Outcome:
    """What became of one test."""

    outcome: str
    reason: str = ""
    seconds: float = 0.0


@dataclass
class Module:
    """What became of the tests of one module."""

    name: str
    tests: dict[str, Outcome] = field(default_factory=dict)
    seconds: float = 0.0
    stderr: str = ""

    def having(self, outcome: str) -> dict[str, Outcome]:
        return {name: test for name, test in self.tests.items() if test.outcome == outcome}


def modules_of(tests: Path) -> list[str]:
    """The modules of the package, the longest first, so that none is left alone at the end."""
    files = sorted((tests / "test_asyncio").glob("test_*.py"), key=lambda file: -file.stat().st_size)
    return [file.stem for file in files if file.stem not in OTHER_MODULES]


def run(tests: Path, modules: list[str], loop: str = "everloop", jobs: int = 2) -> list[Module]:
    """Runs modules with EverLoop, or with asyncio's own loop (`loop` is "stock")."""
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda name: run_module(tests, name, loop), modules)
        return sorted(results, key=lambda module: module.name)


def run_module(tests: Path, name: str, loop: str) -> Module:
    """Runs one module, in a new process after each test that hangs or ends the process."""
    started = time.monotonic()
    module = Module(name)
    with tempfile.TemporaryDirectory(prefix="test_asyncio.") as folder:
        results = Path(folder, "results")
        results.touch()
        while time.monotonic() - started < MODULE_LIMIT:
            done = len(results.read_text().splitlines())
            code, stderr = run_process(tests, name, loop, results, MODULE_LIMIT - (time.monotonic() - started))
            module.stderr += stderr
            unfinished = read(results, module)
            if code == 0:
                break
            why = "hangs" if "Timeout (" in stderr or code == -signal.SIGKILL else f"ends the process ({code})"
            for test in unfinished:
                note(results, test, f"{why}\n{stderr[-2000:]}")
            read(results, module)
            if not unfinished and len(results.read_text().splitlines()) == done:
                module.tests[name] = Outcome("failed", f"cannot be run: {stderr[-2000:]}")
                break
    module.seconds = time.monotonic() - started
    return module


def run_process(tests: Path, name: str, loop: str, results: Path, limit: float) -> tuple[int, str]:
    command = [BINARY, "python", str(RUN_MODULE), loop, name, str(results), str(TEST_LIMIT)]
    environment = {**os.environ, "PYTHONPATH": str(tests.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile("w+", errors="replace") as stderr:
        process = subprocess.Popen(
            command,
            cwd=results.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            # Its children end with it.
            start_new_session=True,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(limit)
        finally:
            end_group(process)
        stderr.seek(0)
        return process.returncode, stderr.read()


def end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def read(results: Path, module: Module) -> list[str]:
    """Takes over what is written; returns the tests that have begun and not ended."""
    unfinished = []
    for line in results.read_text().splitlines():
        record = json.loads(line)
        test = record.pop("test")
        if record["outcome"] == "started":
            unfinished.append(test)
            continue
        if test in unfinished:
            unfinished.remove(test)
        module.tests[test] = Outcome(**record)
    return unfinished


def note(results: Path, test: str, reason: str) -> None:
    with results.open("a") as file:
        print(json.dumps({"test": test, "outcome": "failed", "reason": reason}), file=file)
