"""Every magic that IPython lists, in the kernel; ``magics.md`` says of each: works, or why not."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from client import Kernel
from magics_table import table
from magics_table.row import Row

LISTED = """
import json
magics = get_ipython().magics_manager.lsmagic()
print(json.dumps(["%" + name for name in magics["line"]] + ["%%" + name for name in magics["cell"]]))
"""


def test_the_table_is_that_of_the_rows() -> None:
    assert table.FILE.read_text() == table.markdown(), "python -m magics_table writes it"


def test_each_magic_has_one_row_that_calls_it_and_expects_something() -> None:
    names = [name for row in table.rows() for name in row.names]
    assert len(names) == len(set(names))
    for row in table.rows():
        assert any(cell.expects for cell in row.tries), row
        assert all(row.calls(name) for name in row.names), row


@pytest.mark.everloop_only("ipykernel 7 has %subshell, too")
def test_the_table_has_the_magics_that_the_kernel_lists(fresh_kernel: Kernel) -> None:
    listed = fresh_kernel.ok(f"%load_ext autoreload\n{LISTED}").stdout
    assert {name for row in table.rows() for name in row.names} == set(json.loads(listed))


def cases() -> list[Any]:
    """A case for each row."""
    marks = {row: [pytest.mark.everloop_only(row.only_here)] if row.only_here else [] for row in table.rows()}
    return [pytest.param(row, id=repr(row), marks=marks[row]) for row in marks]


@pytest.mark.parametrize("row", cases())
def test_magic(kernel: Kernel, row: Row) -> None:
    missing = {cell.needs for cell in row.tries if cell.needs and not is_there(cell.needs)}
    for cell in row.tries:
        if cell.needs not in missing:
            cell.run(kernel)
    if missing:
        pytest.skip(f"the rest needs what is not on this machine: {', '.join(missing)}")


def is_there(program: str) -> bool:
    """Whether there is such a program; version managers have some that only say that they are not there."""
    found = shutil.which(program)
    return found is not None and subprocess.run([found, "--version"], capture_output=True).returncode != 127


def test_names_of_cells_before_ipython_was_loaded_are_listed(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("early = [1]")
    assert fresh_kernel.ok("%who_ls").result == "['early']"
