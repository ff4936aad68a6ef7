"""Where a package ``test`` of CPython is, with its ``test_asyncio``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

#: Names a directory that holds such a package, or the package itself.
VARIABLE = "EVERLOOP_CPYTHON_TESTS"
#: The oldest Python whose tests are about the asyncio that we have.
OLDEST = (3, 13)

NOT_FOUND = f"""\
no CPython {OLDEST[0]}.{OLDEST[1]} or later with its package `test` is installed here; \
`scripts/cpython-tests DIRECTORY` gets one from Debian, and {VARIABLE}=DIRECTORY names it"""


def find_tests(named: str | None = None) -> Path | None:
    """The newest package, that of the variable before all, or None."""
    named = named or os.environ.get(VARIABLE)
    places = [Path(named), Path(named) / "test"] if named else list(installed())
    return next((place for place in places if (place / "test_asyncio" / "utils.py").is_file()), None)


def installed() -> Iterator[Path]:
    """The packages ``test`` of the interpreters of this machine, newest first."""
    prefixes = [Path("/usr"), Path("/usr/local"), *Path.home().glob(".pyenv/versions/*")]
    prefixes += [Path(folder).parent for folder in os.get_exec_path()]
    libraries = {
        library for prefix in prefixes for library in prefix.glob("lib/python3.*") if version(library) >= OLDEST
    }
    for library in sorted(libraries, key=version, reverse=True):
        yield library / "test"


def version(library: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", library.name))
