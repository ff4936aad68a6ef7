"""Garbage that outlives a collection of the youngest generation is collected, wherever it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from as_program import python
from client import Kernel
from reliability import process
from worst import each

PROGRAMS = Path(__file__).parent / "programs"
#: Trees that are made, of 6,000 objects each, and the objects that may be waiting for the collector.
TREES, WAITING = 100, 300_000

GARBAGE = f"import gc, sys\nsys.path.append({str(PROGRAMS)!r})\nfrom garbage import tree, work\n"


def test_a_program_does_not_keep_its_trees() -> None:
    run = python(PROGRAMS / "garbage.py", str(TREES))
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < WAITING


@pytest.mark.parametrize(
    "work",
    [
        f"work({TREES})",
        f"for _ in range({TREES}):\n    tree()\n    await asyncio.sleep(0)",
        f"await asyncio.to_thread(work, {TREES})",
        f"%%thread\nwork({TREES})",
    ],
    ids=["a cell", "between awaits", "a thread", "a cell on a thread"],
)
def test_cells_do_not_keep_their_trees(start_kernel: Callable[..., Kernel], work: str) -> None:
    kernel = start_kernel()
    if kernel.manager.kernel_name == "python3" and "%%thread" in work:
        pytest.skip("other kernels have no cells on threads")
    kernel.ok(f"{GARBAGE}import asyncio\nbefore = len(gc.get_objects())")
    kernel.ok(work, 60)

    def is_collected() -> bool:
        # A thread's garbage is collected by the loop, which gets here first.
        return int(kernel.ok("await asyncio.sleep(0.01)\nlen(gc.get_objects()) - before").result or 0) < WAITING

    kernel.until(is_collected, "the collection of the trees", 20)


def test_nothing_is_collected_that_is_not_to_be() -> None:
    code = "import gc, garbage; gc.disable(); garbage.work(100); print(len(gc.get_objects()))"
    assert int(python("-c", code, cwd=PROGRAMS).stdout) > 500_000


def test_what_a_capture_caught_is_forgotten(fresh_kernel: Kernel) -> None:
    count = "import gc, io\nlen([o for o in gc.get_objects() if type(o) is io.StringIO])"
    fresh_kernel.ok("%%capture captured\nprint(1)")
    before = int(fresh_kernel.ok(f"import gc; gc.collect();\n{count}").result or 0)
    for _ in range(20):
        fresh_kernel.ok("%%capture captured\nprint(1)")
    assert int(fresh_kernel.ok(f"gc.collect();\n{count}").result or 0) <= before + 4


def test_sources_of_tracebacks_are_forgotten(fresh_kernel: Kernel) -> None:
    for number in range(230):
        assert fresh_kernel.run(f"{number} / 0", store_history=False).reply["ename"] == "ZeroDivisionError"
    fresh_kernel.requests.clear()
    fresh_kernel.transcript.clear()
    sources = (
        "import gc, stack_data\ngc.collect()\nlen([o for o in gc.get_objects() if isinstance(o, stack_data.Source)])"
    )
    assert int(fresh_kernel.ok(sources).result or 0) <= 210


def test_a_cell_that_is_run_again_is_kept_once(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("get_ipython()")
    cell = "import linecache\nlen(linecache.cache)"
    first = int(fresh_kernel.ok(cell).result or 0)
    for _ in range(10):
        last = int(fresh_kernel.ok(cell).result or 0)
    assert last <= first + 1


REPEATED = {
    "hits of a cache": (1_000_000, "@functools.lru_cache(8)\ndef f(n): return n\nfor n in range(times): f(n % 8)"),
    "misses of a cache": (300_000, "@functools.lru_cache(4)\ndef f(n): return n\nfor n in range(times): f(n % 6)"),
    "classes": (300_000, "class Base: pass\nfor n in range(times):\n    class Derived(Base): pass"),
    "threads": (10_000, "for n in range(times):\n    t = threading.Thread(target=int)\n    t.start()\n    t.join()"),
}
#: MB that the allocator may need.
ROOM = 25


@each(("times", "code"), REPEATED)
def test_what_is_repeated_leaves_nothing(fresh_kernel: Kernel, times: int, code: str) -> None:
    fresh_kernel.ok("import functools, gc, threading\nget_ipython();")
    fresh_kernel.ok(f"times = {times // 10}\n{code}")
    before = process.own_memory(fresh_kernel.pid)
    fresh_kernel.ok(f"times = {times}\n{code}", 60)
    fresh_kernel.ok("gc.collect();")
    assert process.own_memory(fresh_kernel.pid) < before + ROOM


def test_a_cache_forgets_what_was_used_longest_ago(kernel: Kernel) -> None:
    kernel.ok("import copy, functools, pickle\ncalled = []")
    kernel.ok(
        "@functools.lru_cache(maxsize=2)\ndef cached(*args, **kwargs):\n    called.append((args, kwargs))\n    return len(called)"
    )
    kernel.ok("cached(1), cached(2), cached(1), cached(3);")
    assert kernel.ok("cached(1), cached(2), cached(n=2), cached(2, n=1)").result == "(1, 4, 5, 6)"
    assert kernel.ok("cached.cache_info()").result == "CacheInfo(hits=2, misses=6, maxsize=2, currsize=2)"
    assert kernel.ok("cached.cache_clear()\ncached.cache_info()").result.startswith("CacheInfo(hits=0, misses=0,")
    assert (
        kernel.ok("cached.cache_parameters(), cached.__name__").result == "({'maxsize': 2, 'typed': False}, 'cached')"
    )
    assert (
        kernel.ok("copy.deepcopy(cached) is cached, pickle.loads(pickle.dumps(cached)) is cached").result
        == "(True, True)"
    )


def test_a_cache_of_a_method_and_of_recursion(kernel: Kernel) -> None:
    kernel.ok("import functools")
    code = "class A:\n    @functools.lru_cache(maxsize=None)\n    def fib(self, n): return n if n < 2 else self.fib(n - 1) + self.fib(n - 2)\nA().fib(80), A.fib.cache_info().misses"
    assert kernel.ok(code).result == "(23416728348467685, 81)"
    code = "@functools.lru_cache(maxsize=16, typed=True)\ndef kind(n): return type(n).__name__\nkind(1), kind(1.0), kind(True), kind(n=1), kind(n=1.0)"
    assert kernel.ok(code).result == "('int', 'float', 'bool', 'int', 'float')"
    assert kernel.run("@functools.lru_cache\ndef f(x): return x\nf([])").reply["ename"] == "TypeError"
