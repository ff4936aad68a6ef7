"""A soak of twenty seconds: every kind of work, all answers right, and nothing that grows where it must not."""

from __future__ import annotations

import os

from client import KERNEL_NAME
from reliability.soak import Soak

SECONDS = float(os.environ.get("EVERLOOP_SOAK_SECONDS", "20"))


def test_mixed_work_leaves_nothing_behind() -> None:
    soak = Soak(KERNEL_NAME)
    soak.run(SECONDS, load=1.0)
    assert soak.failures() == []
    assert soak.rounds >= 5
