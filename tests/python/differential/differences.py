"""What everloop shows on purpose in another way than ipykernel does."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    reason: str
    #: Stands in everloop's transcript and not in ipykernel's.
    shows: str


#: By the name of the cell, which is its theme and its title.
INTENDED: dict[str, Difference] = {}

#: Defects of everloop, each with what is wrong. A cell leaves this table when it is mended, and the test says when that is.
TO_BE_MENDED: dict[str, str] = {}
