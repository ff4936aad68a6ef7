"""What everloop says of cells, and what the IPython that is installed says; each for many cells in one process."""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")

# Each judge answers with the Python, and whether there was something of IPython's in the cell.
OURS = """
import _everloop

def judge(cell):
    return _everloop.transform_cell(cell), _everloop.needs_ipython(cell)
"""

THEIRS = """
import warnings
from IPython.core.inputtransformer2 import TransformerManager

warnings.simplefilter("ignore")
manager = TransformerManager()

def judge(cell):
    python = manager.transform_cell(cell)
    lines = (cell if cell.endswith("\\n") else cell + "\\n").splitlines(keepends=True)
    for clean in manager.cleanup_transforms:
        lines = clean(lines)
    return python, python != "".join(lines)
"""

COMPLETE = """
import warnings
from IPython.core.inputtransformer2 import TransformerManager

warnings.simplefilter("ignore")
judge = TransformerManager().check_complete
"""

ANSWERS = """
import json, sys

def answer(cell):
    try:
        return judge(cell)
    except Exception as error:
        return type(error).__name__, json.loads(json.dumps(error.args, default=repr))

with open(sys.argv[1], encoding="utf-8") as cells:
    print(json.dumps([answer(cell) for cell in json.load(cells)]))
"""


class Answer(NamedTuple):
    """What a judge says of a cell: `text` is the Python, or the name of the error with these `arguments`."""

    text: str
    uses_ipython: bool
    arguments: list | None


def everloop(cells, folder):
    """What the kernel's transformer makes of `cells`; `folder` is for files."""
    return [_answer(*pair) for pair in _ask([BINARY, "python"], OURS, cells, folder)]


def ipython(cells, folder):
    """What IPython makes of them, on a Python whose tokenizer is that of Python 3.12 and newer."""
    return [_answer(*pair) for pair in _ask_ipython(THEIRS, cells, folder)]


def completeness(cells, folder):
    """IPython's `check_complete` of each cell: the status and the indentation, or None."""
    return [tuple(pair) for pair in _ask_ipython(COMPLETE, cells, folder)]


def _ask_ipython(judge, cells, folder):
    site_packages = Path(importlib.util.find_spec("IPython").origin).parents[1]
    return _ask([newer_python()], judge, cells, folder, {"PYTHONPATH": str(site_packages)})


def _ask(command, judge, cells, folder, environment=()):
    script, questions = folder / "judge.py", folder / "cells.json"
    script.write_text(judge + ANSWERS, encoding="utf-8")
    questions.write_text(json.dumps(cells), encoding="utf-8")
    done = subprocess.run(
        [*command, script, questions],
        env={**os.environ, **dict(environment)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _answer(text, rest):
    return Answer(text, False, rest) if isinstance(rest, list) else Answer(text, rest, None)


@functools.cache
def newer_python():
    """This Python if it is 3.12 or newer, or else one that is; None if there is none."""
    if sys.version_info >= (3, 12):
        return sys.executable
    names = [f"python3.{minor}" for minor in (14, 13, 12)]
    found = [path for path in map(shutil.which, names) if path]
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found += sorted(map(str, pyenv.glob("versions/3.1[2-9]*/bin/python")), reverse=True)
    return next(filter(_runs, found), None)


def _runs(python):
    return subprocess.run([python, "-c", "import asyncio, sqlite3"], capture_output=True).returncode == 0


needs_ipython = pytest.mark.skipif(
    importlib.util.find_spec("IPython") is None or newer_python() is None,
    reason="no IPython, or no Python with the tokenizer of 3.12, with which IPython answers otherwise",
)
