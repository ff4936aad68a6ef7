"""The gallery in examples/: every notebook runs, shows what it stores, and stores nothing but what it teaches."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import notebook as example
import pytest
from client import Kernel

REQUIREMENTS = Path(__file__).parent / "requirements-lab.txt"
#: Names of modules that are not those of their packages; what comes with JupyterLab or with Python needs no line.
PACKAGES = {"bs4": "beautifulsoup4"}
THERE = {"IPython", *sys.stdlib_module_names}

EXAMPLES = example.all_examples()


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.mark.everloop_only("the notebooks store what everloop answers")
def test_all_outputs_are_those_that_are_stored(path: Path, start_kernel: Callable[..., Kernel]) -> None:
    """Also what tasks in the background wrote after their cell."""
    stored, executed = example.read(path), example.read(path)
    requests = example.execute(start_kernel(cwd=path.parent), executed)
    for before, after, request in zip(example.code_cells(stored), example.code_cells(executed), requests, strict=True):
        assert request.reply["status"] == ("error" if example.is_tagged(before, "raises-exception") else "ok")
        assert after.execution_count == before.execution_count
        assert example.comparable_outputs(after) == example.comparable_outputs(before), before.source


def test_it_is_clean(path: Path) -> None:
    notebook = example.read(path)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "everloop"
    assert notebook.cells[0].source.startswith("# ")
    cells = example.code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            if output.output_type == "error":
                assert example.is_tagged(cell, "raises-exception"), cell.source
            if output.get("name") == "stderr":
                assert example.is_tagged(cell, "background"), cell.source
    assert len(nbformat.writes(notebook)) < 200_000


def test_it_tells_nothing_of_the_machine(path: Path) -> None:
    """Nor does a picture in it come from another one."""
    outputs = str([cell.outputs for cell in example.code_cells(example.read(path))])
    assert re.findall(r"/(?:root|home|tmp|work|Users)/|(?:src|href)=.{0,2}https?:", outputs) == []


def test_make_lab_has_what_it_imports(path: Path) -> None:
    code = "\n".join(cell.source for cell in example.code_cells(example.read(path)))
    modules = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE)) - THERE
    required = set(re.findall(r"^[\w-]+", REQUIREMENTS.read_text(), re.MULTILINE))
    assert {PACKAGES.get(module, module) for module in modules} <= required


def test_the_index_has_all() -> None:
    index = (example.EXAMPLES / "README.md").read_text()
    assert re.findall(r"\]\((\w+\.ipynb)\)", index) != []
    assert set(re.findall(r"\]\((\w+\.ipynb)\)", index)) == {path.name for path in EXAMPLES}
