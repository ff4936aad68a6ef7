"""Cells that run before anybody has imported asyncio: in an environment without IPython that is up to them."""

from __future__ import annotations

import ast
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from client import LIMIT, Kernel

COMPAT = Path(__file__).parents[2] / "kernel/python/everloop/compat"

pytestmark = pytest.mark.everloop_only("ipykernel imports asyncio before its first cell")


@pytest.fixture
def early(start_kernel: Callable[..., Kernel], tmp_path: Path) -> Kernel:
    return start_kernel(env={"EVERLOOP_ENVIRONMENT": str(tmp_path)})


def test_what_takes_long_to_import_is_imported_by_who_needs_it(early: Kernel) -> None:
    slow = ("asyncio", "concurrent.futures", "inspect", "logging", "re", "signal", "socket", "ssl", "subprocess")
    shown = early.ok(f"import sys\n[name for name in {slow} if name in sys.modules]").result
    assert shown == "[]"


def test_modules_are_imported_as_ever_when_the_start_is_over(early: Kernel) -> None:
    assert early.ok("import _imp\n_imp.get_frozen_object.__module__").result == "'_imp'"


def test_asyncio_is_the_whole_one(early: Kernel) -> None:
    early.ok("1 + 1")
    early.ok(
        "import asyncio\n"
        "assert all(hasattr(asyncio, name) for name in asyncio.__all__)\n"
        "assert all(getattr(asyncio, name) for name in ('exceptions', 'locks', 'queues', 'streams', 'sslproto', 'log'))\n"
        "loop = asyncio.get_running_loop()\n"
        "assert isinstance(loop, asyncio.AbstractEventLoop) and isinstance(loop, asyncio.EventLoop), type(loop)\n"
        "assert loop.is_running() and not loop.is_closed()\n"
        "async def value(): await asyncio.sleep(0); return 'whole'\n"
    )
    assert early.ok("await asyncio.wait_for(value(), 10)").result == "'whole'"
    assert early.ok("asyncio.run(value())").result == "'whole'"
    assert early.ok("await asyncio.to_thread(str.upper, 'whole')").result == "'WHOLE'"


@pytest.mark.parametrize(
    "asked",
    [
        "loop.set_exception_handler(None)",
        "loop.set_debug(False)",
        "assert loop.slow_callback_duration == 0.1",
        "assert not hasattr(loop, 'nothing_of_that_name')",
        "assert repr(loop) == '<EverLoop running=True closed=False debug=False>'",
    ],
)
def test_who_has_the_loop_has_all_of_it(early: Kernel, asked: str) -> None:
    early.ok(f"import _asyncio\nloop = _asyncio.get_running_loop()\n{asked}")
    early.ok(
        "import asyncio\nassert asyncio.get_running_loop() is loop and isinstance(loop, asyncio.AbstractEventLoop)"
    )


def test_a_thread_may_be_the_first_to_import_it(early: Kernel) -> None:
    early.ok(
        "import sys, threading\n"
        "thread = threading.Thread(target=__import__, args=('asyncio',))\n"
        "thread.start()\nthread.join()\n"
        "asyncio = sys.modules['asyncio']\n"
        "assert isinstance(asyncio.get_running_loop(), asyncio.AbstractEventLoop)"
    )
    assert early.ok("await asyncio.sleep(0, 'goes on')").result == "'goes on'"
    assert early.ok("asyncio.get_event_loop() is asyncio.get_running_loop()").result == "True"


def test_a_cell_that_awaits_without_asyncio(early: Kernel) -> None:
    early.ok(
        "class Pause:\n    def __await__(self): yield\n"
        "async def numbers():\n    for number in range(3):\n        await Pause()\n        yield number\n"
    )
    assert early.ok("[number async for number in numbers()]").result == "[0, 1, 2]"


def test_a_generator_that_is_not_finished_is_closed(early: Kernel) -> None:
    early.ok(
        "async def numbers():\n    try:\n        yield 1\n        yield 2\n    finally:\n        print('closed')\n"
    )
    cell = early.submit("async for number in numbers(): break")
    cell.wait()
    early.until(lambda: any("closed" in str(entry) for entry in early.transcript), "the generator's end", LIMIT)


def test_an_interrupt_ends_a_cell_that_awaits(early: Kernel) -> None:
    cell = early.submit(
        "class For_ever:\n    def __await__(self):\n        while True: yield\nprint('begun')\nawait For_ever()"
    )
    cell.wait_for("begun")
    early.interrupt("message")
    cell.wait()
    assert cell.error is not None
    assert cell.error["ename"] == "KeyboardInterrupt"
    early.ok("1 + 1")


def test_a_handler_of_a_signal_runs_while_the_loop_waits(early: Kernel) -> None:
    cell = early.ok("import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('heard'))\nprint('set')")
    os.kill(early.pid, signal.SIGUSR1)
    early.until(lambda: "heard" in cell.stdout, "the handler's output", LIMIT)


def test_signals_look_as_in_every_python(early: Kernel) -> None:
    early.ok(
        "import signal\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "assert signal.getsignal(signal.SIGTERM) is signal.Handlers.SIG_DFL\n"
        "assert signal.getsignal(signal.SIGURG) is signal.Handlers.SIG_DFL\n"
        "assert signal.signal(signal.SIGUSR2, signal.SIG_IGN) is signal.Handlers.SIG_DFL\n"
        "assert signal.getsignal(signal.SIGUSR2) is signal.Handlers.SIG_IGN"
    )


def test_executors_print_under_the_cell_that_submits(early: Kernel) -> None:
    early.ok(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\npool.submit(int).result()"
    )
    assert early.ok("pool.submit(print, 'here').result()").stdout == "here\n"


def test_repairs_of_a_module_that_several_make(early: Kernel) -> None:
    early.ok(
        "import _socket, socket\n"
        "assert 'recvmsg_into' in dir(socket.socket)\n"
        "assert _socket.getaddrinfo.__module__ == socket.gethostbyname.__module__ == 'everloop.compat.names'"
    )


def test_a_repair_is_loaded_when_its_library_is_imported(early: Kernel, tmp_path: Path) -> None:
    (tmp_path / "pygal" / "graph").mkdir(parents=True)
    for package in ("pygal", "pygal/graph"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pygal/graph/base.py").write_text("class BaseGraph: pass\n")
    early.ok(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nassert 'everloop.compat.pygal' not in sys.modules")
    early.run("import pygal.graph.base")
    early.ok("assert 'everloop.compat.pygal' in sys.modules")


def test_a_repair_is_loaded_outside_of_the_lock_of_all_imports(early: Kernel, tmp_path: Path) -> None:
    """Finders are called under it: another thread that holds the lock of a module which the repair imports may wait for it."""
    (tmp_path / "nest_asyncio.py").write_text("def apply(loop=None): pass\n")
    early.ok(
        f"import _imp, sys\nfrom everloop.compat import imports\nsys.path.insert(0, {str(tmp_path)!r})\n"
        "held, load = [], imports.import_module\n"
        "def watched(name):\n    held.append(_imp.lock_held())\n    return load(name)\n"
        "imports.import_module = watched\n"
        "import nest_asyncio\nassert 'everloop.compat.nest_asyncio' in sys.modules"
    )
    assert set(ast.literal_eval(early.ok("held").result)) == {False}


def test_looking_for_a_module_imports_none(early: Kernel, tmp_path: Path) -> None:
    (tmp_path / "extension.cpython-314-x86_64-linux-gnu.so").touch()
    (tmp_path / "another.abi3.so").touch()
    (tmp_path / "plain.so").touch()
    early.ok(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nbefore, refused = set(sys.modules), []\n"
        "for name in ('extension', 'another', 'plain', 'nowhere', 'ext'):\n"
        "    try:\n        __import__(name)\n    except ModuleNotFoundError as error:\n        refused.append(error.path is not None)"
    )
    assert early.ok("refused, set(sys.modules) - before").result == "([True, True, True, False, False], set())"


def test_each_repair_is_loaded_by_the_modules_that_it_watches_for() -> None:
    table = (COMPAT / "__init__.py").read_text(encoding="utf-8")
    entries = dict(re.findall(r'^    "(\w+)": \(([^)]*)\)', table, re.MULTILINE))
    assert len(entries) > 20
    for repair, modules in entries.items():
        if repair == "sysconfig":
            # Its module is named after the machine.
            continue
        source = (COMPAT / f"{repair}.py").read_text(encoding="utf-8")
        watched = re.findall(r'(?:after|around)_import\("([\w.]+)"', source)
        for names in re.findall(r"for name in \(([^)]*)\):\s+after_import\(name", source):
            watched += re.findall(r'"([\w.]+)"', names)
        assert sorted(re.findall(r'"([\w.]+)"', modules)) == sorted(watched), repair
