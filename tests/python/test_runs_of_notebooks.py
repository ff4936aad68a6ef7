"""The programs that execute a notebook without anybody looking: jupyter execute, nbconvert, papermill, jupyter run.

nbclient, which three of them use, executes the example in test_nbclient.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import notebooks
import pytest
from client import KERNEL_NAME, LIMIT, plain

Run = Callable[..., subprocess.CompletedProcess[str]]

#: Tasks that go on between the cells, and a last cell that waits for them.
BACKGROUND = [
    "count = 2",
    """import asyncio
steps = []
async def work(name):
    for n in range(count):
        await asyncio.sleep(0.01)
        steps.append((name, n))
tasks = [asyncio.create_task(work(name)) for name in "ab"]
print("begun")""",
    "await asyncio.gather(*tasks)\nsorted(steps)",
    "from IPython.display import SVG\n"
    'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><circle r="4"/></svg>\')',
]
FAILING = ["print('before')", "def fail(): return 1 / 0\nfail()", "print('after')"]
TOO_LONG = ["print('begun')\nawait __import__('asyncio').sleep(3600)", "print('after')"]


@pytest.fixture
def run(kernel_environment: dict[str, str], tmp_path: Path) -> Run:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, **kernel_environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=3 * LIMIT,
        )
        done.stderr = plain(done.stderr)
        return done

    return run


def test_jupyter_execute(run: Run, tmp_path: Path) -> None:
    file = notebooks.write(tmp_path / "work.ipynb", *BACKGROUND)
    done = run("jupyter", "execute", "--inplace", file.name)
    assert done.returncode == 0, done.stderr
    executed = notebooks.read(file).cells
    assert [cell.execution_count for cell in executed] == [1, 2, 3, 4]
    assert notebooks.values(executed[2]) == ["[('a', 0), ('a', 1), ('b', 0), ('b', 1)]"]


def test_jupyter_execute_stops_at_an_error(run: Run, tmp_path: Path) -> None:
    file = notebooks.write(tmp_path / "failing.ipynb", *FAILING)
    done = run("jupyter", "execute", file.name)
    assert done.returncode != 0
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "Cell In[2], line 1, in fail()" in done.stderr


def test_nbconvert_to_html(run: Run, tmp_path: Path) -> None:
    """The kernel is the one that the notebook names; errors and pictures are in the page."""
    file = notebooks.write(tmp_path / "page.ipynb", *BACKGROUND, *FAILING)
    done = run("jupyter", "nbconvert", "--execute", "--allow-errors", "--to=html", file.name)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "data:image/svg+xml" in page
    assert "ansi-red-fg" in page
    assert "ZeroDivisionError" in page
    assert ">after\n" in page


@pytest.mark.everloop_only("an await in ipykernel goes on")
def test_nbconvert_interrupts_what_takes_too_long(run: Run, tmp_path: Path) -> None:
    file = notebooks.write(tmp_path / "long.ipynb", *TOO_LONG)
    done = run(
        "jupyter",
        "nbconvert",
        "--execute",
        "--inplace",
        f"--ExecutePreprocessor.kernel_name={KERNEL_NAME}",
        "--ExecutePreprocessor.timeout=1",
        "--ExecutePreprocessor.interrupt_on_timeout=True",
        "--allow-errors",
        file.name,
    )
    assert done.returncode == 0, done.stderr
    long, after = notebooks.read(file).cells
    assert "KeyboardInterrupt" in notebooks.errors(long)[0]
    assert notebooks.printed(after) == "after\n"


def test_papermill(run: Run, tmp_path: Path) -> None:
    """Parameters come in a cell of their own, which papermill writes for the kernel's language."""
    work = notebooks.new(*BACKGROUND)
    work.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(work, tmp_path / "work.ipynb")
    done = run("papermill", "work.ipynb", "done.ipynb", "--kernel", KERNEL_NAME, "--parameters", "count", "1")
    assert done.returncode == 0, done.stderr
    assert "Executing: 100%" in done.stderr
    executed = notebooks.read(tmp_path / "done.ipynb")
    assert executed.cells[1].metadata["tags"] == ["injected-parameters"]
    assert executed.cells[1].source == "# Parameters\ncount = 1\n"
    assert notebooks.values(executed.cells[3]) == ["[('a', 0), ('b', 0)]"]
    assert [cell.metadata["papermill"]["status"] for cell in executed.cells] == ["completed"] * 5
    assert executed.metadata["papermill"]["exception"] is None


def test_papermill_stops_at_an_error(run: Run, tmp_path: Path) -> None:
    notebooks.write(tmp_path / "failing.ipynb", *FAILING)
    done = run("papermill", "failing.ipynb", "failed.ipynb")
    assert done.returncode != 0
    assert "PapermillExecutionError" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr
    cells = notebooks.read(tmp_path / "failed.ipynb").cells
    assert "An Exception was encountered" in cells[0].source
    *_, failed, after = (cell for cell in cells if cell.cell_type == "code")
    assert "ZeroDivisionError" in notebooks.errors(failed)[0]
    assert [after.execution_count, after.outputs] == [None, []]


def test_jupyter_run(run: Run, tmp_path: Path) -> None:
    """A program as one cell, whose output comes to the terminal."""
    (tmp_path / "good.py").write_text("import asyncio\nprint(await asyncio.sleep(0.01, 'slept'))\n")
    (tmp_path / "bad.py").write_text("print('before')\n1 / 0\n")
    done = run("jupyter", "run", f"--kernel={KERNEL_NAME}", "good.py")
    assert (done.returncode, done.stdout) == (0, "slept\n"), done.stderr
    done = run("jupyter", "run", f"--kernel={KERNEL_NAME}", "bad.py")
    assert done.returncode != 0
    assert "ZeroDivisionError" in plain(done.stdout) + done.stderr
