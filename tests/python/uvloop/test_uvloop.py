"""uvloop's own tests, on EverLoop (README.md)."""

from __future__ import annotations

import judge
import pytest


@pytest.mark.timeout(1000)
@pytest.mark.parametrize("module", judge.MODULES)
def test_module(module: str) -> None:
    results = judge.run(module)
    assert results
    assert not judge.surprises(results)
