"""Kernels whose environment is not what it was when they were installed. That of a wheel: test_wheel.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from client import Kernel

pytestmark = pytest.mark.everloop_only("ipykernel does not start without its environment")

StartKernel = Callable[..., Kernel]


@pytest.fixture
def orphan(start_kernel: StartKernel, tmp_path: Path) -> Kernel:
    """A kernel whose environment was removed."""
    return start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path / "gone")})


def test_a_removed_environment_is_named_once_and_cells_run(orphan: Kernel, tmp_path: Path) -> None:
    assert orphan.ok("1", silent=True).stderr == ""
    first = orphan.ok("import asyncio; await asyncio.sleep(0, 'slept')")
    assert first.result == "'slept'"
    assert first.stderr.count("\n") == 1
    assert first.stderr.startswith(f"The environment of this kernel, {tmp_path / 'gone'}, was removed: ")
    assert orphan.ok("print('again')").stderr == ""
    orphan.check()


def test_a_concurrent_cell_says_it_too(orphan: Kernel) -> None:
    assert "was removed" in orphan.ok("%%concurrent\n1").stderr
    assert orphan.ok("2").stderr == ""


def test_what_needs_the_removed_environment_is_one_line(orphan: Kernel, tmp_path: Path) -> None:
    orphan.ok("pass")
    magic = orphan.run("%time 1")
    assert magic.reply["status"] == "error"
    assert magic.traceback.startswith("magics, shell commands and help are IPython's")
    pip = orphan.run("%pip install tabulate")
    assert pip.reply["status"] == "error"
    assert "was removed" in pip.traceback
    assert not (tmp_path / "gone").exists()


def test_python_path_comes_first(start_kernel: StartKernel, tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        path.mkdir()
        (path / "tabulate.py").write_text("here = __file__\n")
    kernel = start_kernel(env={"PYTHONPATH": ":".join(map(str, paths))})
    assert kernel.ok("import tabulate; tabulate.here").result == repr(str(paths[0] / "tabulate.py"))


def test_a_kernel_without_an_environment_says_nothing(start_kernel: StartKernel) -> None:
    kernel = start_kernel(env={"EVERLOOP_ENVIRONMENT": ""})
    assert kernel.ok("import sys; print(len(sys.path) > 0)").stderr == ""
