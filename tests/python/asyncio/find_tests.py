"""Where a package ``test`` of CPython is, with its ``test_asyncio``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

#: Names a directory that holds such a package, or the package itself.
VARIABLE = "EVERLOOP_CPYTHON_TESTS"
#: The Python whose asyncio we have. Tests of another are about another: of 3.13's nearly all fail with any loop.
PYTHON = (3, 14)

NOT_FOUND = f"""\
no CPython {PYTHON[0]}.{PYTHON[1]} with its package `test` is installed here; \
`scripts/cpython-tests DIRECTORY` gets one from Debian, and {VARIABLE}=DIRECTORY names it"""


def find_tests(named: str | None = None) -> Path | None:
    """The package that is named, by the variable if not by `named`, else that of an installed interpreter; or None."""
    named = named or os.environ.get(VARIABLE)
    places = [Path(named), Path(named) / "test"] if named else list(installed())
    return next((place for place in places if (place / "test_asyncio" / "utils.py").is_file()), None)


def installed() -> Iterator[Path]:
    """The packages ``test`` of the interpreters of this machine."""
    prefixes = [Path("/usr"), Path("/usr/local"), *Path.home().glob(".pyenv/versions/*")]
    prefixes += [Path(folder).parent for folder in os.get_exec_path()]
    libraries = {
        library for prefix in prefixes for library in prefix.glob("lib/python3.*") if version(library) == PYTHON
    }
    for library in sorted(libraries):
        yield library / "test"


def version(library: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", library.name))
