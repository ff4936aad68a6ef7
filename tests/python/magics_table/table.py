"""The rows as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from magics_table import code, display, shell, system, tasks
from magics_table.row import DIFFERS, DOES_NOT_WORK, WORKS, Row

FILE = Path(__file__).parent.parent / "magics.md"

VERBS = {DIFFERS: "differ", DOES_NOT_WORK: "do not work"}

SECTIONS = {
    "The shell": shell.SHELL,
    "Names and objects": shell.NAMES,
    "Running code": code.RUNNING,
    "What runs beside each other": tasks.TASKS,
    "Errors and the debugger": code.ERRORS,
    "Code, history and files of code": code.TEXTS,
    "Extensions": code.EXTENSIONS,
    "The system": system.SYSTEM,
    "Other languages": system.LANGUAGES,
    "Packages": system.PACKAGES,
    "Output": display.OUTPUT,
    "Front end": display.FRONT_END,
    "Event loops and drawing": display.LOOPS,
}

HEAD = """# The magics of IPython in everloop

All magics that `%lsmagic` lists in the kernel with IPython 9, and those of the extension `autoreload`. Each row was tried
in a kernel: `test_magics_table.py` runs its cells and looks at what they print, display, write or leave behind. The rows
are in `magics_table/`, and this file is written from them by `python -m magics_table`, in `tests/python`.

- **works**: does what it does in ipykernel.
- **differs**: does something else here, for the reason in the note.
- **does not work**: the note says why, and the user gets the same as a message.

`%time`, `%timeit`, `%prun`, `%run`, `%rerun`, `%%capture`, `%%script` and its kind, `!command` and `%system` also run
code that awaits, which IPython's cannot. What runs beside each other is everloop's own. ipykernel's `%subshell` is not listed: it describes ipykernel's threads, and
everloop needs no subshells to answer while a cell waits.
"""


def rows() -> list[Row]:
    """All rows."""
    return [row for section in SECTIONS.values() for row in section]


def markdown() -> str:
    """The whole file."""
    return "\n".join([HEAD, *summary(), *sections()]) + "\n"


def summary() -> Iterator[str]:
    """How many there are of each verdict, and which of those that are not the usual one."""
    verdicts: dict[str, list[str]] = {}
    for row in rows():
        verdicts.setdefault(row.verdict, []).extend(f"`{name}`" for name in row.names)
    usual = verdicts.pop(WORKS)
    others = [f"{len(names)} {VERBS[verdict]} ({', '.join(names)})" for verdict, names in verdicts.items()]
    yield f"{len(usual)} magics work, {' and '.join(others)}."


def sections() -> Iterator[str]:
    for title, section in SECTIONS.items():
        yield f"\n## {title}\n\n| magic | tried | verdict | note |\n|---|---|---|---|"
        for row in section:
            names = " ".join(f"`{name}`" for name in row.names)
            tried = "<br>".join(dict.fromkeys(shown(cell.code) for name in row.names for cell in row.calls(name)))
            yield f"| {names} | {tried} | {row.verdict} | {row.note} |"


def shown(code: str) -> str:
    """A cell in one line. A table's cell may have no `|` of its own, even in code."""
    return f"`{' ⏎ '.join(code.splitlines())}`".replace("|", "\\|")
