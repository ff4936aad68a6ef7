"""pytest: a file with passing, failing, skipped and parametrized tests, with fixtures; its report and exit code."""

import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = """
import pytest

@pytest.fixture
def number(tmp_path):
    (tmp_path / "n").write_text("3")
    yield int((tmp_path / "n").read_text())

def test_passes(number):
    assert number == 3

def test_fails(number):
    assert [number, 2] == [3, 1 + 2], "what"

@pytest.mark.parametrize("x", [1, 2])
def test_many(x, monkeypatch, capsys):
    monkeypatch.setenv("X", "x")
    print("captured")
    assert capsys.readouterr().out == "captured\\n"

def test_raises():
    with pytest.raises(ZeroDivisionError, match="division"):
        1 / 0

@pytest.mark.skipif(True, reason="not here")
def test_skipped(): pass

@pytest.mark.xfail
def test_expected(): raise ValueError
"""

# The plugins of hypothesis and Faker take their time to load.
ALONE = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "-rA", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=folder, env=ALONE)
assert done.returncode == 1, done.stdout + done.stderr
for expected in (
    "1 failed, 4 passed, 1 skipped, 1 xfailed in",
    '>       assert [number, 2] == [3, 1 + 2], "what"',
    "E       AssertionError: what",
    "E       assert [3, 2] == [3, 3]",
    "E         At index 1 diff: 2 != 3",
    "PASSED test_it.py::test_many[2]",
    "FAILED test_it.py::test_fails - AssertionError: what",
):
    assert expected in done.stdout, done.stdout
print("done")
