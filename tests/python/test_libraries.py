"""Libraries of the network and of concurrency, from PyPI as they are: in cells, and in ``everloop python``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from client import Kernel

PROGRAMS = Path(__file__).parent / "programs" / "libraries"
LIBRARIES = sorted(path.stem for path in PROGRAMS.glob("*.py"))


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [os.environ.get("EVERLOOP_BIN", "everloop"), "python", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "EVERLOOP_ENVIRONMENT": sys.prefix},
    )


@pytest.fixture(params=LIBRARIES)
def program(request: pytest.FixtureRequest) -> Path:
    return PROGRAMS / f"{request.param}.py"


def test_in_a_program(program: Path) -> None:
    done = python(str(program))
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


#: `anyio.run` refuses to run where asyncio runs already.
IN_A_CELL = {
    'anyio.run(main, backend="asyncio")': "await main()",
    'anyio.run(main, backend="trio")': 'await anyio.to_thread.run_sync(lambda: anyio.run(main, backend="trio"))',
}


@pytest.mark.everloop_only("asyncio.run() cannot be called from a running event loop")
def test_in_a_cell(kernel: Kernel, program: Path) -> None:
    code = program.read_text()
    for line, instead in IN_A_CELL.items():
        code = code.replace(line, instead)
    assert kernel.ok(code).stdout == "done\n"


NEST = """
import asyncio, {library}
before = asyncio.run, asyncio.Task, asyncio.Future, type(asyncio.get_running_loop()).run_until_complete
{library}.apply()
{library}.apply(asyncio.get_running_loop())
assert before == (asyncio.run, asyncio.Task, asyncio.Future, type(asyncio.get_running_loop()).run_until_complete)

async def inner():
    await asyncio.sleep(0)
    return 1
async def outer():
    return asyncio.run(inner()) + asyncio.get_running_loop().run_until_complete(inner())
task = asyncio.create_task(inner())
asyncio.run(outer()) + await task
"""


@pytest.mark.everloop_only("there it replaces what it replaces")
@pytest.mark.parametrize("library", ["nest_asyncio", "nest_asyncio2"])
def test_nest_asyncio_changes_nothing(kernel: Kernel, library: str) -> None:
    assert kernel.ok(NEST.format(library=library)).result == "3"


@pytest.mark.parametrize("library", ["nest_asyncio", "nest_asyncio2"])
def test_nest_asyncio_in_a_program(library: str) -> None:
    code = f"""
import {library}, asyncio
{library}.apply()
async def outer(): return asyncio.run(inner())
async def inner(): return 'nested'
print(asyncio.run(outer()), asyncio.run.__module__)
"""
    done = python("-c", code)
    assert done.stdout == "nested everloop.reentry\n", done.stderr


def test_socket_still_lacks_recvmsg_into() -> None:
    """When this fails, ``everloop.compat.sockets`` is not needed any more."""
    code = (
        "import _socket, socket; print(hasattr(_socket.socket, 'recvmsg_into'), hasattr(socket.socket, 'recvmsg_into'))"
    )
    assert python("-c", code).stdout == "False True\n"


def test_recvmsg_into_fills_one_buffer_after_the_other() -> None:
    code = """
import socket
a, b = socket.socketpair()
a.send(b'abcdef')
first, second = bytearray(4), bytearray(4)
print(b.recvmsg_into([first, second])[:3], first, second)
"""
    assert python("-c", code).stdout == "(6, [], 0) bytearray(b'abcd') bytearray(b'ef\\x00\\x00')\n"


def test_sets_leave_an_operator_to_what_is_on_its_right() -> None:
    code = """
from operator import iand, ior, isub, ixor
class Right:
    def __ror__(self, left):
        return sorted(left)
    __rand__ = __rxor__ = __rsub__ = __ror__
print([change({1, 2}, Right()) for change in (ior, iand, isub, ixor)])
print(ior({1, 2}, {3}), iand({1, 2}, {2}), isub({1, 2}, {2}), ixor({1, 2}, frozenset({2, 3})))
try:
    ior({1}, [2])
except TypeError as error:
    print(error)
"""
    changed = "[[1, 2], [1, 2], [1, 2], [1, 2]]\n{1, 2, 3} {2} {1} {1, 3}\n"
    assert python("-c", code).stdout == f"{changed}unsupported operand type(s) for |=: 'set' and 'list'\n"


def test_jsonschema_works_no_grammar_out_before_it_needs_it() -> None:
    code = """
import lark
make, made = lark.Lark.__init__, []
def counted(self, *args, **options):
    made.append(self)
    make(self, *args, **options)
lark.Lark.__init__ = counted
import jsonschema
print(len(made))
print([jsonschema.FormatChecker().conforms(text, "iri") for text in ("http://caf\u00e9.example/", "no iri")], len(made) > 0)
"""
    assert python("-c", code).stdout == "0\n[True, False] True\n"


def test_jsonschema_works_without_the_extension_rpds() -> None:
    code = """
import jsonschema, pickle, rpds
schema = {"properties": {"a": {"$ref": "#/$defs/whole"}}, "$defs": {"whole": {"type": "integer"}}}
jsonschema.validate({"a": 1}, schema)
try:
    jsonschema.validate({"a": "one"}, schema)
except jsonschema.ValidationError as error:
    print(error.message)
one = rpds.HashTrieMap(a=1)
two = one.insert("b", 2)
print(dict(one), dict(two), dict(two.remove("a")), pickle.loads(pickle.dumps(two)) == two)
try:
    one.remove("b")
except KeyError as error:
    print(error)
print(list(rpds.List([1, 2]).push_front(0).rest), list(rpds.Queue([1, 2]).enqueue(3).dequeue()))
print(sorted(rpds.HashTrieSet([1]).insert(2).update([3], [4]).discard(1)))
"""
    dicts = "{'a': 1} {'a': 1, 'b': 2} {'b': 2} True\n"
    rows = "[1, 2] [2, 3]\n[2, 3, 4]\n"
    assert python("-c", code).stdout == f"'one' is not of type 'integer'\n{dicts}'b'\n{rows}"
