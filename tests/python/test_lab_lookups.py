"""What JupyterLab shows while one types: completions, tooltips, contextual help, the pager."""

from __future__ import annotations

from typing import Any

import pytest
from lab import Lab

DEFINITIONS = '''a_number, a_long_name = 1, "text"

def a_function(first, second=2, *, third="three"):
    """What it does, in one line."""
    return first

class AClass:
    """One of a kind."""
    attribute = 1
    def method(self): ...
    @property
    def a_property(self): raise SystemExit("evaluated")

a_class = AClass()
import asyncio'''

CELLS = [
    DEFINITIONS,
    "a_function?",
    "%pinfo2 a_function",
    "from IPython.core import page\npage.page('any text')",
    "%whos",
    "# here one types",
]


@pytest.fixture(scope="module")
def seen(lab: Lab) -> dict[str, Any]:
    lab.add_notebook("lookups.ipynb", *CELLS)
    return lab.browse("lookups")


def test_tab_completes(seen: dict[str, Any]) -> None:
    assert seen["completed"].strip() == "x = a_long_name"


@pytest.mark.everloop_only("ipykernel asks jedi, which does not always know")
def test_completions_have_icons(seen: dict[str, Any]) -> None:
    """The letter of each and its type."""
    offered = {typed: {text: (icon, kind) for icon, text, kind in rows} for typed, rows in seen["completions"].items()}
    assert offered["a_"] == {
        "a_class": ("i", "instance"),
        "a_function": ("f", "function"),
        "a_long_name": ("i", "instance"),
        "a_number": ("i", "instance"),
    }
    assert offered["a_class."]["a_property"] == ("p", "property")
    assert offered["a_class."]["method"] == ("f", "function")
    assert offered["a_function(sec"] == {"second=": ("p", "param")}
    assert offered["%tim"]["%timeit"] == offered["%tim"]["%%timeit"] == ("m", "magic")
    assert offered["import asynci"]["asyncio"] == ("m", "module")


def test_shift_tab_shows_the_signature(seen: dict[str, Any]) -> None:
    assert "a_function(first, second=2, *, third='three')" in seen["signature"]
    assert "What it does, in one line." in seen["signature"]


def test_the_pager(seen: dict[str, Any]) -> None:
    pages = seen["pages"]
    assert "Docstring: What it does, in one line." in pages["a_function?"]
    assert "    return first" in pages["%pinfo2"]
    assert pages["page.page"].strip() == "any text"


def test_names(seen: dict[str, Any]) -> None:
    rows = [line.split()[:2] for line in seen["pages"]["%whos"].splitlines()[2:]]
    assert rows == [
        ["AClass", "type"],
        ["a_class", "AClass"],
        ["a_function", "function"],
        ["a_long_name", "str"],
        ["a_number", "int"],
        ["asyncio", "module"],
        ["page", "module"],
    ]


def test_contextual_help(lab: Lab) -> None:
    lab.add_notebook("help.ipynb", DEFINITIONS, "# here one types")
    shown = lab.browse("help")["shown"]
    assert "a_function(first, second=2, *, third='three')" in shown["a_function(1)"]
    assert "One of a kind." in shown["AClass"]
