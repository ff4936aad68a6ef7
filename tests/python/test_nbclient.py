"""The example notebook, executed by `jupyter execute`, which is nbclient, and read as a front end reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import notebook as example
import pytest
from client import ANSI, KERNEL_NAME
from nbclient import NotebookClient


def differences(stored: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> list[str]:
    """One line for each cell whose outputs are not the stored ones.

    nbclient reads a cell's outputs until the cell is idle. What a task in the background says later is none of its
    business, so there the outputs need only be the beginning of the stored ones; test_examples.py wants them all.
    """
    found = []
    for before, after in zip(example.code_cells(stored), example.code_cells(executed), strict=True):
        wanted, got = example.comparable(before.outputs), example.comparable(after.outputs)
        if "background" in before.metadata.get("tags", []):
            wanted = wanted[: len(got)]
        if wanted != got:
            found.append(f"{before.source}\n  stored   {wanted}\n  executed {got}")
    return found


def errors(notebook: nbformat.NotebookNode) -> list[str]:
    return [
        ANSI.sub("", "\n".join(output.traceback))
        for cell in example.code_cells(notebook)
        if "background" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "error"
    ]


def test_the_notebook_stores_outputs_of_all_that_it_shows() -> None:
    text = "\n".join(str(cell.outputs) for cell in example.code_cells(example.read()))
    for part in ("slept half a second", "background 9", "lost in the background", "was interrupted", "20 of 20", "Ada"):
        assert part in text


def test_jupyter_execute(kernel_environment: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "autoawait.ipynb"
    source.write_bytes(example.NOTEBOOK.read_bytes())
    output = tmp_path / "executed.ipynb"
    options = [f"--kernel_name={KERNEL_NAME}", f"--output={output.with_suffix('')}", str(source)]
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", *options],
        env={**os.environ, **kernel_environment},
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    executed = nbformat.read(output, as_version=4)
    assert errors(executed) == []
    assert [cell.execution_count for cell in example.code_cells(executed)] == list(
        range(1, len(example.code_cells(executed)) + 1)
    )
    if KERNEL_NAME == "everloop":
        assert differences(example.read(), executed) == []


def test_nbclient_reports_an_error(kernel_environment: dict[str, str], tmp_path: Path) -> None:
    from nbclient.exceptions import CellExecutionError

    broken = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import asyncio\nawait asyncio.sleep(0)\n1 / 0")]
    )
    client = NotebookClient(
        broken, kernel_name=KERNEL_NAME, timeout=60, resources={"metadata": {"path": str(tmp_path)}}
    )
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        client.execute()
