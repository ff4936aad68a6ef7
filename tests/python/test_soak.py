"""A short soak: every kind of work, all answers right, nothing that grows where it must not, and no cell that takes longer.

``make test`` runs five minutes of it.
"""

from __future__ import annotations

import os

import pytest
from client import KERNEL_NAME
from reliability.soak import Soak

SECONDS = float(os.environ.get("EVERLOOP_SOAK_SECONDS", "20"))


@pytest.mark.timeout(SECONDS + 180)
def test_mixed_work_leaves_nothing_behind() -> None:
    soak = Soak(KERNEL_NAME)
    soak.run(SECONDS, load=1.0)
    print(soak.line())
    assert soak.failures() == []
    assert soak.rounds >= 5
