"""`jupyter qtconsole` without a screen: what is typed into its window, and what the window shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from client import IS_EVERLOOP, KERNEL_NAME, LIMIT

pytestmark = pytest.mark.everloop_only("an await in ipykernel goes on, and the session with it")

PROGRAM = Path(__file__).parent / "programs" / "qt_console.py"
#: A Python that has Qt, if the one of the tests has not (Makefile).
PYTHON = str(Path(os.environ["EVERLOOP_QT"]) / "bin" / "python") if os.environ.get("EVERLOOP_QT") else sys.executable


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, kernel_environment: dict[str, str]) -> dict[str, Any]:
    probe = [PYTHON, "-c", "import qtconsole.qtconsoleapp, PySide6.QtTest"]
    environment = {**os.environ, **kernel_environment, "QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"}
    has_qt = subprocess.run(probe, env=environment, capture_output=True, text=True)
    if has_qt.returncode != 0:
        pytest.skip(f"Qt does not load here: {has_qt.stderr.strip().splitlines()[-1]}")
    # The kernelspec lies in the environment of the tests.
    environment["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")
    done = subprocess.run(
        [PYTHON, str(PROGRAM), KERNEL_NAME, str(tmp_path_factory.mktemp("qtconsole"))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_cells(seen: dict[str, Any]) -> None:
    if IS_EVERLOOP:
        assert "everloop" in seen["banner"]
    assert seen["sum"] == "Out[1]: 2"
    assert seen["awaited"] == "Out[3]: 'slept'"
    assert "ZeroDivisionError: division by zero" in seen["error"]


def test_completion_and_call_tip(seen: dict[str, Any]) -> None:
    assert seen["completed"]["one"] == "x = a_long_name"
    assert {"a_name_one", "a_name_two"} <= set(seen["completed"]["several"].split())
    assert "a_function(first, second=2)" in seen["call tip"]


def test_pager(seen: dict[str, Any]) -> None:
    assert seen["pager"].count("A long explanation.") == 100


def test_questions(seen: dict[str, Any]) -> None:
    assert seen["answers"].endswith("('Ada', 6)")


def test_interrupt(seen: dict[str, Any]) -> None:
    for text in seen["interrupted"].values():
        assert "KeyboardInterrupt" in text
        assert "Cell In[" in text


def test_pictures(seen: dict[str, Any]) -> None:
    assert [seen["svg"], seen["png"]] == [1, 2]
