"""The libraries of the table, installed by everloop's own pip into a prefix of their own in the cache."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements-libraries.txt"

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "everloop"

EVERLOOP = os.environ.get("EVERLOOP_BIN", "everloop")

#: Seconds that pip may take for all of them, on a busy machine.
LIMIT = 900


@dataclass(frozen=True)
class Installation:
    """A prefix with the libraries."""

    prefix: Path

    @property
    def site_packages(self) -> Path:
        (found,) = self.prefix.glob("lib/rustpython3.*/site-packages")
        return found

    def versions(self) -> dict[str, str]:
        """The version of each library that is there, by its name as `normalized` has it."""
        found = metadata.distributions(path=[str(self.site_packages)])
        return {normalized(each.metadata["Name"]): each.version for each in found}


def extensions() -> dict[str, str]:
    """What the kernel knows to exist for CPython alone, by the name of the package, and what it says to use instead."""
    code = "import everloop.compat.extensions as known, json; print(json.dumps([*known.EXTENSIONS.values()]))"
    done = subprocess.run([EVERLOOP, "python", "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    return dict(json.loads(done.stdout))


def normalized(name: str) -> str:
    """The name of a package as all ways to write it have in common."""
    return re.sub(r"[-_.]+", "-", name).lower()


def prepared() -> Installation:
    """The installation; made in the first run and when the requirements have changed."""
    prefix = CACHE / "libraries"
    stamp = prefix / REQUIREMENTS.name
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "libraries.lock", "w") as lock:
        # Other tests may be about to do the same.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
            shutil.rmtree(prefix, ignore_errors=True)
            _install(prefix)
            shutil.copy(REQUIREMENTS, stamp)
    return Installation(prefix)


def _install(prefix: Path) -> None:
    # The environment has pip. What else it has shall not be taken for installed. Most of the modules are never imported:
    # compiling all of them would take a minute.
    options = [
        "--ignore-installed",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--quiet",
    ]
    done = subprocess.run(
        [
            EVERLOOP,
            "python",
            "-Wignore::SyntaxWarning",
            *("-m", "pip", "install", *options),
            *("--requirement", str(REQUIREMENTS)),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "EVERLOOP_ENVIRONMENT": sys.prefix, "EVERLOOP_PACKAGES": str(prefix)},
    )
    if done.returncode != 0:
        raise RuntimeError(f"pip could not install the libraries:\n{done.stdout}{done.stderr}")
