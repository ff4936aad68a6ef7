"""Fixtures: kernels, and their transcripts when a test fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from client import IS_EVERLOOP, KERNEL_NAME, Kernel
from lab import Lab


def pytest_report_header() -> str:
    return f"kernel: {KERNEL_NAME}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Any kernel can be tested, as the judge of the tests themselves; what only ours promises may fail there."""
    if IS_EVERLOOP:
        return
    for item in items:
        for mark in item.iter_markers("everloop_only"):
            item.add_marker(pytest.mark.xfail(reason=mark.args[0], strict=False))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.stash[FAILED] = True
        for number, kernel in enumerate(item.stash.get(KERNELS, [])):
            report.sections.append((f"transcript of kernel {number}", kernel.transcript_text()))


KERNELS = pytest.StashKey[list[Kernel]]()
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def kernel_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """No history, profile or startup file of the person who runs the tests takes part."""
    home = tmp_path_factory.mktemp("home")
    return {
        "IPYTHONDIR": str(home / "ipython"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, kernel_environment: dict[str, str]) -> Iterator[Lab]:
    """JupyterLab; its tests have a notebook each."""
    with Lab(tmp_path_factory.mktemp("lab") / "server", kernel_environment) as lab:
        yield lab


@pytest.fixture
def start_kernel(
    request: pytest.FixtureRequest, kernel_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels that belong to one test."""
    kernels = request.node.stash.setdefault(KERNELS, [])
    mine: list[Kernel] = []

    def start(cwd: Path | None = None, env: dict[str, str] | None = None, wrapper: Sequence[str] = ()) -> Kernel:
        kernel = Kernel(cwd=cwd or tmp_path, env={**kernel_environment, **(env or {})}, wrapper=wrapper)
        kernels.append(kernel)
        mine.append(kernel)
        return kernel.ready()

    yield start
    for kernel in mine:
        kernel.close()


@pytest.fixture
def fresh_kernel(start_kernel: Callable[..., Kernel]) -> Kernel:
    """A kernel in which nothing ran yet."""
    return start_kernel()


class Shared:
    """The kernel that the tests of one module use in turn; one that failed a test is not given to the next."""

    def __init__(self, cwd: Path, env: dict[str, str]) -> None:
        self._cwd = cwd
        self._env = env
        self._kernel: Kernel | None = None

    def take(self) -> Kernel:
        if self._kernel is None:
            self._kernel = Kernel(cwd=self._cwd, env=self._env).ready()
        return self._kernel

    def drop(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, kernel_environment: dict[str, str]) -> Iterator[Shared]:
    shared = Shared(tmp_path_factory.mktemp("notebooks"), kernel_environment)
    yield shared
    shared.drop()


@pytest.fixture
def kernel(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Kernel]:
    """A ready kernel in which earlier tests of the module have run."""
    kernel = shared.take()
    kernel.requests.clear()
    kernel.transcript.clear()
    request.node.stash.setdefault(KERNELS, []).append(kernel)
    yield kernel
    if request.node.stash.get(FAILED, False):
        shared.drop()
        return
    try:
        kernel.check()
    except BaseException:
        shared.drop()
        raise
