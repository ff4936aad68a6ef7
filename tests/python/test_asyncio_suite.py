"""CPython's own tests of asyncio, with EverLoop as the loop: see ``asyncio/README.md``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parent / "asyncio"


@pytest.mark.timeout(900)
def test_everloop_before_the_tests_of_asyncio() -> None:
    run = subprocess.run([sys.executable, SUITE / "run.py"], capture_output=True, text=True, check=False)
    if run.returncode == 2:
        pytest.skip(run.stderr)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
