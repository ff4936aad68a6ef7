"""Lookups on the live namespace while a cell runs, and what is answered when the full answer takes too long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Kernel, Request, plain

pytestmark = pytest.mark.everloop_only("ipykernel answers nothing on shell while a cell runs (ipykernel#65)")

# What the cell has defined when it says that it has begun.
SO_FAR = """
import asyncio, os, sys, time
def defined_in_cell(first, second=2):
    'Defined by the cell that runs.'
print('begun', flush=True)
"""
BUSY = {
    "loop": "while True: pass",
    "sleep": "time.sleep(1000)",
    "await": "await asyncio.sleep(1000)",
    "await in steps": "while True: await asyncio.sleep(0)",
    "mutation": """
count = 0
while True:
    count += 1
    globals()[f'other_{count % 1000}'] = defined_in_cell.other = count
    globals().pop(f'other_{(count + 500) % 1000}', None)
""",
    "import": "import module_that_waits",
    "input": "input('? ')",
    "prints": "while True: print('x' * 20)",
    "nested loop": "asyncio.run(asyncio.sleep(1000))",
}
MODULE = "so_far = 1\nimport time\nwhile True: time.sleep(0.01)\n"


def complete(kernel: Kernel, code: str) -> Request:
    return kernel.request("complete_request", {"code": code, "cursor_pos": len(code)})


def matches(kernel: Kernel, code: str) -> list[str]:
    return complete(kernel, code).reply["matches"]


def inspect(kernel: Kernel, code: str) -> str:
    reply = kernel.request("inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0}).reply
    assert reply["found"], code
    return plain(reply["data"]["text/plain"])


@pytest.fixture(params=BUSY)
def busy(request: pytest.FixtureRequest, kernel: Kernel) -> Iterator[Request]:
    """A cell that runs and does not end by itself."""
    Path(kernel.ok("import os; print(os.getcwd())").stdout.strip(), "module_that_waits.py").write_text(MODULE)
    cell = kernel.submit(SO_FAR + BUSY[request.param])
    if request.param == "input":
        kernel.question(cell)
    yield cell.wait_for("begun")
    assert not cell.replies
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_all_that_need_not_wait_is_answered(kernel: Kernel, busy: Request) -> None:
    assert matches(kernel, "defined_in_c") == ["defined_in_cell"]
    assert "first=" in matches(kernel, "defined_in_cell(")
    assert "path" in matches(kernel, "import os; os.pat")
    text = inspect(kernel, "defined_in_cell")
    assert "defined_in_cell(first, second=2)" in text
    assert "Defined by the cell that runs." in text
    unfinished = kernel.request("is_complete_request", {"code": "def f():"}).reply
    assert unfinished["status"] == "incomplete"
    wanted = {"hist_access_type": "tail", "n": 1, "raw": True, "output": False}
    ((_session, _line, code),) = kernel.request("history_request", wanted).reply["history"]
    assert code.startswith(SO_FAR)
    assert kernel.request("comm_info_request").reply["comms"] == {}
    assert kernel.request("kernel_info_request").reply["implementation"] == "everloop"


@pytest.mark.parametrize("name", ["loop", "sleep", "await", "import"])
def test_the_first_lookup_of_a_kernel_whose_first_cell_does_not_end(
    fresh_kernel: Kernel, tmp_path: Path, name: str
) -> None:
    (tmp_path / "module_that_waits.py").write_text(MODULE)
    cell = fresh_kernel.submit(SO_FAR + BUSY[name]).wait_for("begun")
    assert matches(fresh_kernel, "defined_in_c") == ["defined_in_cell"]
    assert "defined_in_cell(first, second=2)" in inspect(fresh_kernel, "defined_in_cell")
    assert not cell.replies
    fresh_kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_a_module_that_is_being_imported_is_looked_into(kernel: Kernel) -> None:
    Path(kernel.ok("import os; print(os.getcwd())").stdout.strip(), "module_that_waits_2.py").write_text(MODULE)
    cell = kernel.submit("print('begun', flush=True)\nimport module_that_waits_2").wait_for("begun")
    kernel.until(lambda: "so_far" in matches(kernel, "import module_that_waits_2 as m; m.so_f"), "a name of the module")
    assert "module_that_waits_2" in matches(kernel, "import module_that_w")
    assert not cell.replies
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_a_flood_of_lookups_beside_a_busy_cell(kernel: Kernel) -> None:
    cell = kernel.submit(SO_FAR + BUSY["mutation"]).wait_for("begun")
    requests = [complete(kernel, code) for _ in range(100) for code in ("defined_in_c", "other_", "defined_in_cell.")]
    for request in requests[::3]:
        assert request.reply["matches"] == ["defined_in_cell"]
    for request in requests:
        request.wait()
    assert not cell.replies
    kernel.interrupt("message")
    cell.wait()


def test_built_in_code_that_stops_for_nobody(kernel: Kernel) -> None:
    """A collection of garbage that a lookup begins waits for it, and everybody else for the collection."""
    cell = kernel.submit(SO_FAR + "total = sum(range(150_000_000))").wait_for("begun")
    for _ in range(20):
        assert matches(kernel, "defined_in_c") in (["defined_in_cell"], [])
    assert not cell.replies
    assert cell.wait(120).reply["status"] == "ok"
    assert matches(kernel, "defined_in_c") == ["defined_in_cell"]


# -- the deadline

BLOCKING = {
    "matcher": """
def matcher(text):
    calls.append(text)
    free.wait()
    return ['of_the_matcher']
get_ipython().Completer.custom_matchers.append(matcher)
""",
    "spinning matcher": """
def matcher(text):
    calls.append(text)
    while not free.is_set(): pass
    return ['of_the_matcher']
get_ipython().Completer.custom_matchers.append(matcher)
""",
    "hook": """
def hook(ip, event):
    calls.append(event.symbol)
    free.wait()
    return ['of_the_matcher']
get_ipython().set_hook('complete_command', hook, re_key='.*')
""",
}


@pytest.fixture(params=BLOCKING)
def blocked(request: pytest.FixtureRequest, fresh_kernel: Kernel) -> Kernel:
    """A kernel with a completer that returns when the event `free` is set."""
    fresh_kernel.ok(
        "import asyncio, threading\na_long_name, calls, free = 'text', [], threading.Event()\n"
        + BLOCKING[request.param]
    )
    return fresh_kernel


def threads(kernel: Kernel) -> list[str]:
    names = [path.read_text().strip() for path in Path(f"/proc/{kernel.pid}/task").glob("*/comm")]
    return sorted(name for name in names if "lookup" in name)


def test_a_completer_that_blocks_is_not_waited_for(blocked: Kernel) -> None:
    assert threads(blocked) == ["lookup"]
    assert matches(blocked, "a_long_n") == ["a_long_name"]
    requests = [complete(blocked, f"a_long_name.{name}") for name in ("spli", "startsw", "uppe") * 10]
    expected = [["split", "splitlines"], ["startswith"], ["upper"]] * 10
    assert [request.reply["matches"] for request in requests] == expected
    assert "while" in matches(blocked, "whil")
    assert "%timeit" in matches(blocked, "%timei")
    assert "String form: text" in inspect(blocked, "a_long_name")
    assert blocked.request("comm_info_request").reply["status"] == "ok"
    assert threads(blocked) == ["lookup", "static lookup"]
    assert blocked.ok("len(calls)").result == "1"

    blocked.ok("free.set()")
    blocked.until(lambda: "of_the_matcher" in matches(blocked, "of_the_m"), "the full answer")
    # Of those that were answered otherwise nobody is asked any more.
    assert int(blocked.ok("len(calls)").result or 0) < 10


def test_a_completer_that_blocks_while_a_cell_is_busy(blocked: Kernel) -> None:
    cell = blocked.submit("defined_in_cell = 1\nprint('begun', flush=True)\nwhile True: pass").wait_for("begun")
    for _ in range(3):
        assert matches(blocked, "defined_in_c") == ["defined_in_cell"]
    assert "String form: text" in inspect(blocked, "a_long_name")
    assert not cell.replies
    blocked.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"


def test_the_static_answer(blocked: Kernel) -> None:
    """It has all that is in memory, and nothing of the file system."""
    blocked.ok(
        "import json\ndef function(first, /, second: int = 2, *rest, flag=False, **others):\n    '''What it does.'''\n"
        "table = {'first key': 1, 'second key': 2}"
    )
    assert matches(blocked, "function(sec") == ["second="]
    assert matches(blocked, "table['fir") == ["first key"]
    assert "JSONDecoder" in matches(blocked, "json.JSOND")
    assert matches(blocked, "from json import dum") == ["dump", "dumps"]
    assert "collections" in matches(blocked, "import collectio")
    assert matches(blocked, "open('/us") == []
    text = inspect(blocked, "function")
    assert "function(first, /, second: int = 2, *rest, flag=False, **others)" in text
    assert "What it does." in text
    assert "Cell In[" in text
    reply = blocked.request("inspect_request", {"code": "function", "cursor_pos": 4, "detail_level": 1}).reply
    assert "def function(first" in plain(reply["data"]["text/plain"])


def test_nothing_is_started_for_answers_in_time(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("a_long_name = 'text'")
    for _ in range(20):
        assert matches(fresh_kernel, "a_long_n") == ["a_long_name"]
    assert threads(fresh_kernel) == ["lookup"]
