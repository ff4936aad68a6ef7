"""Recursion without an end, and sources and objects that are nested without reason: an exception, and the kernel goes on."""

from __future__ import annotations

import pytest
from client import Kernel
from worst import each, survives

NESTED = "nested = []\nfor _ in range(100_000): nested = [nested]\n"

ENDLESS = {
    "plain": "def f(): return f()\nf()",
    "__getattr__": "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nA().a",
    "metaclass": "class M(type):\n    def __call__(cls): return cls()\nclass A(metaclass=M): pass\nA()",
    "key of sorted": "def key(x): return sorted([1, 2], key=key)\nkey(1)",
    "operators": "class A:\n    def __add__(self, other): return self + other\nA() + 1",
    "coroutines": "async def f(): return await f()\nawait f()",
    "deepcopy": f"import copy\n{NESTED}copy.deepcopy(nested);",
    "tree": "import ast\ntree = ast.Constant(1)\nfor _ in range(50_000): tree = ast.UnaryOp(ast.USub(), tree)\nast.fix_missing_locations(tree);",
}


@each("code", ENDLESS)
def test_endless_recursion_is_an_exception(kernel: Kernel, code: str) -> None:
    cell = survives(kernel, code, "RecursionError")
    # Front ends show every line.
    assert sum(map(len, cell.error["traceback"])) < 300_000


def test_endless_recursion_in_a_repr_is_shown(kernel: Kernel) -> None:
    cell = kernel.run("class A:\n    def __repr__(self): return repr(self)\nA()")
    assert "RecursionError" in cell.traceback
    survives(kernel, "1")


@pytest.mark.everloop_only("CPython's stack is too small for some of these")
@pytest.mark.parametrize(
    "code",
    [
        "len(repr(nested))",
        "nested == nested_too",
        "import json\nlen(json.dumps(nested))",
        "del nested, nested_too",
    ],
    ids=["repr", "==", "json", "freed"],
)
def test_nested_objects_are_as_others(kernel: Kernel, code: str) -> None:
    survives(kernel, f"{NESTED}nested_too = []\nfor _ in range(100_000): nested_too = [nested_too]\n{code}")


SOURCES = {
    "parentheses": "'(' * 100_000 + ')' * 100_000",
    "open parentheses": "'(' * 100_000",
    "minus": "'-' * 100_000 + '1'",
    "not": "'not ' * 100_000 + '1'",
    "lambda": "'lambda:' * 50_000 + '1'",
    "sum": "'+'.join(['1'] * 100_000)",
    "attributes": "'a' + '.b' * 100_000",
    "calls": "'f(' * 50_000 + ')' * 50_000",
    "conditions": "'1 if 0 else ' * 50_000 + '2'",
    "f-strings": "'f\"{' * 1000",
}


@each("source", SOURCES)
def test_nested_source_is_an_exception(kernel: Kernel, source: str) -> None:
    cell = kernel.run(f"compile({source}, 'x', 'eval');")
    assert cell.reply["status"] == "ok" or cell.reply["ename"] in (
        "SyntaxError",
        "RecursionError",
        "MemoryError",
    ), cell.reply["ename"]
    survives(kernel, "1")


@pytest.mark.parametrize("name", ["open parentheses", "minus", "sum", "f-strings"])
def test_nested_source_of_a_cell_is_an_exception(kernel: Kernel, name: str) -> None:
    kernel.run(eval(SOURCES[name]))
    survives(kernel, "1")


ON_THREAD = {
    "plain": "def f(): f()",
    "key of sorted": "def f(x=1): return sorted([1, 2], key=f)",
    "source": "def f(): eval('-' * 100_000 + '1')",
}


@each("code", ON_THREAD)
def test_recursion_on_a_thread_ends_that_thread(kernel: Kernel, code: str) -> None:
    cell = survives(
        kernel, f"import threading\n{code}\nthread = threading.Thread(target=f)\nthread.start()\nthread.join()"
    )
    assert "RecursionError" in cell.stderr or "MemoryError" in cell.stderr


def test_nested_objects_are_freed_on_a_thread(kernel: Kernel) -> None:
    """RustPython frees what is nested one inside the other: docs/upstream.md."""
    code = "def f():\n    nested = []\n    for _ in range(1_000_000): nested = [nested]\n    del nested\n"
    survives(kernel, f"import threading\n{code}thread = threading.Thread(target=f)\nthread.start()\nthread.join()")


@pytest.mark.everloop_only("CPython runs out of its stack")
def test_a_deep_stack_has_a_traceback_that_can_be_read(fresh_kernel: Kernel) -> None:
    code = "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return f(n - 1) if n else 1 / 0\nf(30_000)"
    cell = survives(fresh_kernel, code, "ZeroDivisionError")
    assert "frames in the middle are left out" in cell.traceback
    assert len(cell.traceback) < 100_000


@pytest.mark.everloop_only("CPython's stack is smaller")
def test_native_recursion_without_a_limit_is_an_exception(fresh_kernel: Kernel) -> None:
    survives(
        fresh_kernel,
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __hash__(self): return hash(self)\nhash(A())",
        "RecursionError",
    )
