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
