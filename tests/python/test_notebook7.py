"""Notebook 7 in a browser: the same as in JupyterLab, in short."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Notebook
from test_lab_kernel import INTERRUPTED
from test_lab_lookups import CELLS


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, kernel_environment: dict[str, str]) -> Iterator[Notebook]:
    with Notebook(tmp_path_factory.mktemp("notebook") / "server", kernel_environment) as notebook:
        yield notebook


def test_run_all(notebook: Notebook) -> None:
    notebook.add_notebook("failing.ipynb", "print('before')", "def inner(n): return n / 0\ninner(1)", "print('after')")
    seen = notebook.browse("failing")
    assert [cell["prompt"] for cell in seen["cells"]] == ["[1]:", "[2]:", "[ ]:"]
    assert "ZeroDivisionError" in seen["cells"][1]["output"]
    assert seen["indicator"]["status"] == "idle"


def test_lookups(notebook: Notebook) -> None:
    notebook.add_notebook("lookups.ipynb", *CELLS)
    seen = notebook.browse("lookups")
    assert seen["completed"].strip() == "x = a_long_name"
    assert ["f", "a_function", "function"] in seen["completions"]["a_"]
    assert "third='three'" in seen["signature"]
    assert "What it does" in seen["pages"]["a_function?"]


@pytest.mark.everloop_only("ipykernel raises CancelledError at an await")
def test_interrupt_and_restart(notebook: Notebook) -> None:
    notebook.add_notebook("kernel.ipynb", *INTERRUPTED)
    seen = notebook.browse("kernel")
    assert all("KeyboardInterrupt" in text for text in seen["interrupted"].values())
    assert seen["promptAfterRestart"] == "[1]:"


def test_a_question(notebook: Notebook) -> None:
    notebook.add_notebook(
        "question.ipynb",
        "print('hello', input('who? '))",
        "from getpass import getpass\nprint(len(getpass('secret? ')), 'letters')",
    )
    assert [question["prompt"] for question in notebook.browse("question")["asked"]] == ["who?", "secret?"]
