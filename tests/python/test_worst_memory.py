"""More memory than there is: a MemoryError where the interpreter can, else an end of which the front end is told."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest
from client import Kernel
from worst import answers, dies, each, log_of, survives, told_of

#: What cells may have of the address space in these tests.
SPACE = 3 << 30
MUCH = 8 << 30

TOO_LARGE = {
    "bytes": "bytes(10**12)",
    "str": "'a' * 10**13",
    "list": "[0] * 10**12",
    "tuple": "(0,) * 10**12",
    "bytearray": "bytearray(2**62)",
    "bytes of a pattern": "b'ab' * 10**12",
    "array": "import array\narray.array('d', [0]) * 10**12",
    "shift": "1 << (1 << 62)",
    "ljust": "'a'.ljust(10**13)",
    "zfill": "'a'.zfill(10**13)",
    "buffer": "import ctypes\nctypes.create_string_buffer(10**13)",
    "read": "open('/dev/zero', 'rb').read(10**13)",
}


@each("code", TOO_LARGE)
def test_what_is_too_large_is_an_exception(kernel: Kernel, code: str) -> None:
    # Some machines promise more memory than they have.
    resource.prlimit(kernel.pid, resource.RLIMIT_AS, (MUCH, MUCH))
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] in ("MemoryError", "OverflowError", "ValueError", "OSError"), cell.reply
    assert answers(kernel)


@pytest.fixture
def limited(fresh_kernel: Kernel) -> Kernel:
    fresh_kernel.ok("1")
    resource.prlimit(fresh_kernel.pid, resource.RLIMIT_AS, (SPACE, SPACE))
    return fresh_kernel


@pytest.mark.parametrize("code", ["x = bytearray(10 << 30)", "x = [0] * (10 << 27)"], ids=["bytearray", "list"])
def test_ten_gigabytes_under_a_limit_are_an_exception(limited: Kernel, code: str) -> None:
    survives(limited, code, "MemoryError")


@pytest.mark.everloop_only("CPython raises MemoryError")
def test_growing_until_there_is_no_memory_ends_the_process_and_says_so(limited: Kernel) -> None:
    """A container of RustPython's that cannot grow ends the process: docs/upstream.md."""
    cell = dies(limited, "print('last words')\ntext = 'a' * 1000\nwhile True: text += text", 60)
    assert cell.stdout.startswith("last words\n")
    assert "SIGABRT, native code gave up (there is no memory for" in told_of(cell)
    assert "the process ends: SIGABRT" in log_of(limited)


@pytest.mark.everloop_only("a promise of its own")
def test_a_kernel_fits_into_a_limited_address_space(
    start_kernel: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ulimit -v` of 1.5 GB; without one, kernels reserve more than that and use none of it."""
    space = 1500 << 20
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (space, before[1]))
    try:
        kernel = start_kernel()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    survives(kernel, "x = bytearray(2 << 30)", "MemoryError")
    survives(kernel, "import asyncio\nlen(await asyncio.gather(*[asyncio.to_thread(sum, [n]) for n in range(4)]))")
    survives(kernel, "def f(): return f()\nf()", "RecursionError")
