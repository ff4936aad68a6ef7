"""Cells have the same transcript in ipykernel as in everloop: see ``differential/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from client import KERNEL_NAME
from differential import pair
from differential.differences import INTENDED, TO_BE_MENDED
from differential.theme import Cell, cells, themes

REFERENCE = "python3"
#: The reference against itself must be free of differences: it then judges the cells and the rules of normalisation.
IS_EVERLOOP = KERNEL_NAME.startswith("everloop")

CELLS = [cell for theme in themes() for cell in cells(theme)]

TranscriptsOf = Callable[[Cell], pair.Transcripts]


@pytest.fixture(scope="module")
def transcripts_of(tmp_path_factory: pytest.TempPathFactory) -> TranscriptsOf:
    @cache
    def run(theme: str) -> dict[str, pair.Transcripts]:
        return pair.run(cells(theme), REFERENCE, KERNEL_NAME, tmp_path_factory.mktemp(theme))

    return lambda cell: run(cell.theme)[cell.title]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_same_transcript(cell: Cell, transcripts_of: TranscriptsOf) -> None:
    reference, tested = (transcripts := transcripts_of(cell)).reference, transcripts.tested
    if IS_EVERLOOP and cell.name in TO_BE_MENDED:
        assert reference != tested, "mended: take it out of TO_BE_MENDED"
        pytest.xfail(TO_BE_MENDED[cell.name])
    if IS_EVERLOOP and cell.name in INTENDED:
        shows = INTENDED[cell.name].shows
        assert shows in tested, f"everloop does not show what it is said to show\n{tested}"
        assert shows not in reference, "no difference: take it out of INTENDED"
        return
    assert tested == reference


def test_every_listed_difference_is_of_a_cell() -> None:
    names = {cell.name for cell in CELLS}
    assert INTENDED.keys() | TO_BE_MENDED.keys() <= names
    assert not INTENDED.keys() & TO_BE_MENDED.keys()
