"""Extensions for CPython, which cannot be loaded: what is said when one is imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from client import Kernel

pytestmark = pytest.mark.everloop_only("it can load them")

#: What CPython 3.12 names its extensions.
SUFFIX = ".cpython-312-x86_64-linux-gnu.so"


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment of CPython's that has packages with extensions."""
    directory = tmp_path_factory.mktemp("environment") / "lib" / "python3.12" / "site-packages"
    files = {
        # Its own first line fails, as numpy's does, with an error that leads nowhere.
        "numpy/__init__.py": "from numpy._core import _multiarray_umath\n",
        "numpy/_core/__init__.py": "",
        f"numpy/_core/_multiarray_umath{SUFFIX}": "",
        f"ujson{SUFFIX}": "",
        "regex/__init__.py": "from regex import _regex\n",
        f"regex/_regex{SUFFIX}": "",
        "fast/__init__.py": "try:\n    from fast._fast import kind\nexcept ImportError:\n    kind = 'pure'\n",
        "fast/_fast.abi3.so": "",
        # Somebody's own module of a name that is known.
        "psutil.py": "kind = 'pure'\n",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.fixture(scope="module")
def kernel_environment(kernel_environment: dict[str, str], site_packages: Path) -> dict[str, str]:
    return {**kernel_environment, "EVERLOOP_ENVIRONMENT": str(site_packages.parents[2])}


REASON = "an extension for CPython, which RustPython cannot load"


@pytest.mark.parametrize(
    ("statement", "ename", "expected"),
    [
        ("import numpy as np", "ImportError", f"numpy is {REASON}. Use instead: Python's lists and "),
        ("import numpy.linalg", "ImportError", f"numpy is {REASON}. Use instead: Python's lists and "),
        (
            "from pandas import DataFrame",
            "ModuleNotFoundError",
            f"No module named 'pandas': it is {REASON}. Use instead: ",
        ),
        (
            "import matplotlib.pyplot",
            "ModuleNotFoundError",
            f"No module named 'matplotlib': it is {REASON}. Use instead: ",
        ),
        (
            "import pydantic_core",
            "ModuleNotFoundError",
            f"No module named 'pydantic_core': it is {REASON}. Use instead: ",
        ),
        ("import ujson", "ModuleNotFoundError", f"ujson{SUFFIX} is {REASON}. Use instead: json."),
        ("import regex", "ModuleNotFoundError", f"regex/_regex{SUFFIX} is {REASON}."),
        ("import no_such_module", "ModuleNotFoundError", "No module named 'no_such_module'"),
    ],
)
def test_the_error_says_so_and_names_what_to_use(kernel: Kernel, statement: str, ename: str, expected: str) -> None:
    cell = kernel.run(statement)
    assert cell.reply["ename"] == ename
    assert expected in cell.reply["evalue"]
    # Not where it was found out.
    assert "everloop" not in cell.traceback
    # And again: nothing half-imported stays.
    assert kernel.run(statement).reply["evalue"] == cell.reply["evalue"]
    name = statement.split()[1].partition(".")[0]
    assert kernel.ok(f"import sys; {name!r} in sys.modules").result == "False"


def test_a_pure_form_is_taken(kernel: Kernel) -> None:
    assert kernel.ok("import fast, psutil; fast.kind, psutil.kind").result == "('pure', 'pure')"


def test_who_asks_whether_a_module_is_there_is_told(kernel: Kernel) -> None:
    code = "from importlib.util import find_spec; [find_spec(name) for name in ('pandas', 'ujson', 'no_such_module')]"
    assert kernel.ok(code).result == "[None, None, None]"
    code = "try:\n    import pandas\nexcept ModuleNotFoundError as error:\n    print(error.name)"
    assert kernel.ok(code).stdout == "pandas\n"
