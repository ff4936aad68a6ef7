"""Cells have the same transcript in ipykernel as in everloop: see ``differential/README.md``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from client import KERNEL_NAME
from differential.differences import INTENDED, TO_BE_MENDED
from differential.pair import Transcripts, run
from differential.theme import Cell, cells, themes

REFERENCE = "python3"
#: The reference against itself must be free of differences: it then judges the cells and the rules of normalisation.
IS_EVERLOOP = KERNEL_NAME.startswith("everloop")
#: Themes that run at the same time, each in two kernels of which one at a time has something to do.
AT_ONCE = 2

CELLS = [cell for theme in themes() for cell in cells(theme)]

Runs = dict[str, Future[dict[str, Transcripts]]]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The transcripts of the themes that are asked for, the first ones while the others still run."""
    asked = {item.callspec.params["cell"].theme for item in request.session.items if _has_cell(item)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            theme: pool.submit(run, cells(theme), REFERENCE, KERNEL_NAME, tmp_path_factory.mktemp(theme))
            for theme in sorted(asked)
        }
        pool.shutdown(cancel_futures=True)


def _has_cell(item: pytest.Item) -> bool:
    return "cell" in getattr(getattr(item, "callspec", None), "params", {}) and item.module.__name__ == __name__


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_same_transcript(cell: Cell, runs: Runs) -> None:
    reference, tested = runs[cell.theme].result()[cell.title]
    if IS_EVERLOOP and cell.name in TO_BE_MENDED:
        assert reference != tested, "mended: take it out of TO_BE_MENDED"
        pytest.xfail(TO_BE_MENDED[cell.name])
    if IS_EVERLOOP and cell.name in INTENDED:
        shows, _ = INTENDED[cell.name]
        assert shows in tested, f"everloop does not show what it is said to show\n{tested}"
        assert shows not in reference, "no difference: take it out of INTENDED"
        return
    assert tested == reference


def test_every_listed_difference_is_of_a_cell() -> None:
    names = {cell.name for cell in CELLS}
    assert INTENDED.keys() | TO_BE_MENDED.keys() <= names
    assert not INTENDED.keys() & TO_BE_MENDED.keys()
