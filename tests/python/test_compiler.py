"""`scripts/rustc`, which cargo calls in the place of the compiler: only the compiler of the profile optimises by it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "kernel" / "profile"
COMPILES = ["--crate-name", "a crate", "src/lib.rs"]
OPTIMISES = [f"-Cprofile-use={PROFILE}/everloop.profdata", "-Cllvm-args=-no-pgo-warn-mismatch"]


def compiler(path: Path, version: str) -> Path:
    """A compiler of this version, which prints its arguments and fails with 7."""
    (path.parent / "version").write_text(version)
    path.write_text(f"""#!/bin/sh
[ "$*" = -vV ] && cat {path.parent}/version && exit 0
printf '%s\\n' "$@"
exit 7
""")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("name", "changed", "arguments", "added"),
    [
        ("rustc", "", COMPILES, OPTIMISES),
        ("rustc", "another\n", COMPILES, []),
        ("rustc", "", ["--print", "cfg"], []),
        ("clippy-driver", "", ["rustc", *COMPILES], []),
    ],
    ids=["the compiler of the profile", "another compiler", "a question", "lints"],
)
def test_who_optimises(tmp_path: Path, name: str, changed: str, arguments: list[str], added: list[str]) -> None:
    version = changed + (PROFILE / "compiler").read_text()
    command = [ROOT / "scripts" / "rustc", compiler(tmp_path / name, version), *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout.splitlines(), done.returncode) == (arguments + added, 7)


def test_cargo_asks_for_its_version(tmp_path: Path) -> None:
    command = [ROOT / "scripts" / "rustc", compiler(tmp_path / "rustc", "rustc 1.0\n"), "-vV"]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout == "rustc 1.0\n"
