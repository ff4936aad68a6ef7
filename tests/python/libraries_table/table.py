"""The programs as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from libraries_table.installation import normalized
from libraries_table.program import Program, programs

FILE = Path(__file__).parent.parent / "libraries.md"

HEAD = """# Libraries in everloop

Libraries from PyPI as they are, installed by everloop's own pip, which takes wheels in pure Python and builds others from
their sources without extensions. `test_libraries.py` runs a program for each, in `everloop python` and in a cell: it does
what the table says and holds the results against what they have to be. The programs are in `programs/libraries`, and this
file is written from them by `python -m libraries_table`, in `tests/python`.

- **works**: as in CPython.
- **works, with a note**: as in CPython but for what the note says.
- **does not work**: only exists as an extension for CPython, which RustPython does not load; nor does what needs it. The import
  says so and names what to use instead. A package that has an extension beside the same in pure Python works.
"""


def markdown(versions: Mapping[str, str], extensions: Mapping[str, str]) -> str:
    """The whole file, for these versions of the libraries; of those that do not work what to use instead."""
    return "\n".join([HEAD, *_summary(extensions), "", *_rows(versions), "", *_others(extensions)]) + "\n"


def versions_in_the_file() -> dict[str, str]:
    """The versions that the file names. They go with what PyPI has, the rest of the file does not."""
    found = {}
    for line in FILE.read_text().splitlines():
        row = re.match(r"\| ([^|]+) \| ([\d.post, ]+) \|", line)
        if row:
            found |= dict(zip(map(normalized, row[1].split(", ")), row[2].split(", "), strict=True))
    return found


def _summary(extensions: Mapping[str, str]) -> Iterator[str]:
    libraries = {library for program in programs() for library in program.libraries}
    noted = {library for program in programs() if program.note for library in program.libraries}
    works = f"{len(libraries)} libraries work, {len(noted)} of them with a note"
    yield f"{works}. {len(extensions)} do not, and others that need one of these."


def _rows(versions: Mapping[str, str]) -> Iterator[str]:
    yield "| library | version | what is done | verdict | note |\n|---|---|---|---|---|"
    for program in sorted(programs(), key=_order):
        names = ", ".join(program.libraries)
        used = ", ".join(versions[normalized(library)] for library in program.libraries)
        yield f"| {names} | {used} | {program.deed} | {program.verdict} | {program.note} |".replace("  |", " |")


def _others(extensions: Mapping[str, str]) -> Iterator[str]:
    yield "| library | verdict | what to use instead |\n|---|---|---|"
    for library, instead in sorted(extensions.items()):
        yield f"| {library} | does not work | {instead} |"


def _order(program: Program) -> tuple[str, str]:
    return normalized(program.libraries[0]), program.name
