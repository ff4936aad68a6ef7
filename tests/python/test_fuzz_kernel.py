"""Nonsense on every channel: nothing ends or stops the kernel, and what makes sense is answered."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from client import Kernel
from fuzz_kernel import BATCH, Fuzzer

#: How many messages, and the seed that they are made from: `make fuzz-kernel N=... SEED=...` sends others.
MESSAGES = int(os.environ.get("EVERLOOP_FUZZ_MESSAGES", "3000"))
SEED = int(os.environ.get("EVERLOOP_FUZZ_SEED", "20261126"))
#: What the kernel may have in memory at the end beyond what it had when everything had been loaded: caches, and the cells
#: that it has run, with what they left under their names.
GROWTH = (128 << 20) + 2000 * MESSAGES


@pytest.mark.everloop_only("ipykernel answers messages whose content is wrong with nothing, or with half of a bracket")
@pytest.mark.timeout(max(180, MESSAGES // 20))
def test_every_valid_request_among_nonsense_is_answered_once(start_kernel: Callable[..., Kernel]) -> None:
    print(f"seed {SEED}, {MESSAGES} messages")
    kernel = start_kernel(env={"EVERLOOP_LOG": "error"})
    fuzzer = Fuzzer(kernel, SEED)
    try:
        fuzzer.run(MESSAGES)
    finally:
        print(fuzzer.report())
    assert fuzzer.counts.total() >= MESSAGES // BATCH * BATCH
    assert fuzzer.memory[-1] < fuzzer.memory[0] + GROWTH, [size >> 20 for size in fuzzer.memory]
