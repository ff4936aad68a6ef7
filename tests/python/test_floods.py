"""Nothing is lost under a flood, whoever else reads, is slow or has stopped; and what happens beyond the bound."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from client import Kernel
from reliability import floods
from reliability.floods import Flood

#: MB that output may take: what waits for a front end that does not read, the outbox, and what is being encoded.
BOUND = 400

SHORT = [
    floods.LINES.scaled(0.1),
    floods.DISPLAYS.scaled(0.1),
    floods.ONE_PRINT.scaled(0.1),
    floods.THREADS.scaled(0.1),
]


@pytest.mark.everloop_only("libzmq drops what a front end does not read fast enough")
@pytest.mark.parametrize("flood", SHORT, ids=lambda flood: flood.name.replace(" ", "-"))
@pytest.mark.timeout(200)
def test_everybody_gets_everything(flood: Flood, start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    result = floods.run(kernel, flood, limit=100)
    assert (result.fast, result.slow, result.stopped) == (0, 0, 0), result
    assert result.replied
    assert result.growth < BOUND, result


@pytest.mark.everloop_only("libzmq drops what a front end does not read, and does not tell")
@pytest.mark.timeout(300)
def test_who_never_reads_is_told_what_is_missing(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    result = floods.run(kernel, floods.LARGE_DISPLAYS.scaled(0.75), limit=200, slow_reads=100)
    assert (result.fast, result.slow) == (0, 0), result
    assert result.stopped > 0
    assert result.told
    assert result.replied
    assert result.growth < BOUND, result
