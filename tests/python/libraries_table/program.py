"""A program that uses a library. Its docstring is its row in the table."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "programs" / "libraries"


@dataclass(frozen=True)
class Program:
    """A program; it prints "done" when everything was as it has to be."""

    path: Path
    #: The names by which pip knows what is used.
    libraries: tuple[str, ...]
    #: What is done.
    deed: str
    #: What a user has to know; empty where everything is as in CPython.
    note: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def code(self) -> str:
        return self.path.read_text()

    @property
    def verdict(self) -> str:
        return "works, with a note" if self.note else "works"


def programs() -> list[Program]:
    """All of them, by the names of their files."""
    return [_read(path) for path in sorted(FOLDER.glob("use_*.py"))]


def _read(path: Path) -> Program:
    """The program whose docstring is ``LIBRARY and LIBRARY: DEED.`` and perhaps ``Note: NOTE`` below."""
    first, _, rest = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")
    names, _, deed = first.partition(": ")
    note = " ".join(rest.split()).removeprefix("Note: ").removesuffix(".")
    return Program(path, tuple(names.split(" and ")), deed.removesuffix("."), note)
