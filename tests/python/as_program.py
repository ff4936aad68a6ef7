"""``everloop python``, in the environment of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BINARY = os.environ.get("EVERLOOP_BIN", "everloop")


def python(
    *arguments: str | Path, cwd: Path | None = None, limit: float = 120.0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with these environment variables and this process's."""
    return subprocess.run(
        [BINARY, "python", *arguments],
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
        cwd=cwd,
        env={**os.environ, "EVERLOOP_ENVIRONMENT": sys.prefix, **variables},
    )
