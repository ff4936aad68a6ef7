"""Comms through the package ``comm``: both ways, with buffers, in order, under their own parent, also while a cell awaits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client import Kernel, Request

ECHO = """
import comm
def echo(comm, message):
    @comm.on_msg
    def send_back(message):
        print('echo', message['content']['data'])
        comm.send(message['content']['data'], buffers=[bytes(b) for b in message['buffers']][::-1])
comm.get_comm_manager().register_target('echo', echo)
"""


def open_echo(kernel: Kernel) -> None:
    kernel.ok(ECHO)
    kernel.request("comm_open", {"comm_id": "c", "target_name": "echo", "data": {}}).wait_idle()


def test_buffers_go_both_ways(fresh_kernel: Kernel) -> None:
    open_echo(fresh_kernel)
    buffers = [b"\x00\xff", b"", bytes([7]) * 300_000]
    data = {"value": 0.1, "text": "ü"}
    message = fresh_kernel.request("comm_msg", {"comm_id": "c", "data": data}, buffers=buffers).wait_idle()
    (answer,) = message.entries("iopub", "comm_msg")
    assert answer.content == {"comm_id": "c", "data": data}
    assert [bytes(buffer) for buffer in answer.message["buffers"]] == buffers[::-1]
    assert message.stdout == f"echo {data}\n"


def test_open_comms_are_listed_until_they_are_closed(fresh_kernel: Kernel) -> None:
    open_echo(fresh_kernel)

    def comms(**content: str) -> dict[str, dict[str, str]]:
        return fresh_kernel.request("comm_info_request", content).wait().reply["comms"]

    assert comms() == comms(target_name="echo") == {"c": {"target_name": "echo"}}
    assert comms(target_name="other") == {}
    fresh_kernel.request("comm_close", {"comm_id": "c", "data": {}}).wait_idle()
    assert comms() == {}


def test_messages_arrive_in_order(fresh_kernel: Kernel) -> None:
    open_echo(fresh_kernel)
    messages = [fresh_kernel.request("comm_msg", {"comm_id": "c", "data": {"n": n}}) for n in range(100)]
    for message in messages:
        message.wait_idle()
    answers = [entry.content["data"]["n"] for entry in fresh_kernel.transcript if entry.type == "comm_msg"]
    assert answers == list(range(100))


def test_a_comm_for_an_unknown_target_is_closed(fresh_kernel: Kernel) -> None:
    before = fresh_kernel.request("comm_open", {"comm_id": "a", "target_name": "nobody", "data": {}}).wait_idle()
    fresh_kernel.ok("import comm")
    after = fresh_kernel.request("comm_open", {"comm_id": "b", "target_name": "nobody", "data": {}}).wait_idle()
    assert [content["comm_id"] for content in before.published("comm_close")] == ["a"]
    assert [content["comm_id"] for content in after.published("comm_close")] == ["b"]


def test_a_failing_handler_harms_nothing(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok("import comm\ncomm.get_comm_manager().register_target('bad', lambda comm, message: 1 / 0)")
    opened = fresh_kernel.request("comm_open", {"comm_id": "c", "target_name": "bad", "data": {}}).wait_idle()
    assert "ZeroDivisionError" in opened.stderr or "ZeroDivisionError" in opened.traceback
    assert opened.published("comm_close") == [{"comm_id": "c", "data": {}}]
    assert fresh_kernel.ok("1 + 1").result == "2"


def test_the_kernel_opens_comms(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok("import comm\nc = comm.create_comm(target_name='front', data={'a': 1})\nc.comm_id")
    (opened,) = cell.published("comm_open")
    assert opened["target_name"] == "front"
    assert opened["data"] == {"a": 1}
    assert repr(opened["comm_id"]) == cell.result


@pytest.mark.everloop_only("ipykernel says neither busy nor idle of comm messages while a cell awaits")
def test_comms_are_served_while_a_cell_awaits(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(ECHO)
    cell = fresh_kernel.submit(
        "import asyncio\ndone = asyncio.Event()\n"
        "comm.get_comm_manager().register_target('release', lambda comm, message: done.set())\n"
        "print('waiting')\nawait done.wait()\n'released'"
    )
    cell.wait_for("waiting")
    fresh_kernel.request("comm_open", {"comm_id": "r", "target_name": "release", "data": {}}).wait_idle()
    assert cell.wait().result == "'released'"


ASYNC = """
import asyncio, comm
release = asyncio.Event()
async def awaiting(comm, message):
    print('opened')
    @comm.on_msg
    async def on_msg(message):
        number = message['content']['data']['n']
        print('begins', number, asyncio.current_task().get_name())
        if number < 0:
            raise ValueError(number)
        await release.wait()
        print('ends', number)
    @comm.on_close
    async def on_close(message):
        await asyncio.sleep(0)
        print('closed')
    await asyncio.sleep(0)
    print('ready')
comm.get_comm_manager().register_target('awaiting', awaiting)
"""


def open_comm(kernel: Kernel, target: str, comm_id: str = "c") -> Request:
    return kernel.request("comm_open", {"comm_id": comm_id, "target_name": target, "data": {}})


def send(kernel: Kernel, comm_id: str = "c", buffers: list[bytes] | None = None, **data: Any) -> Request:
    return kernel.request("comm_msg", {"comm_id": comm_id, "data": data}, buffers=buffers)


@pytest.mark.everloop_only("the package comm drops coroutines")
def test_handlers_may_be_async(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.ok(ASYNC)
    assert open_comm(kernel, "awaiting").wait_idle().stdout == "opened\nready\n"
    one, two = send(kernel, n=1), send(kernel, n=2)
    one.wait_for("begins")
    two.wait_for("begins")
    assert kernel.ok("1 + 1").result == "2"
    assert not one.is_idle
    assert not two.is_idle
    kernel.ok("release.set()")
    assert one.wait_idle().stdout == "begins 1 comm_msg awaiting\nends 1\n"
    assert two.wait_idle().stdout == "begins 2 comm_msg awaiting\nends 2\n"
    closed = kernel.request("comm_close", {"comm_id": "c", "data": {}}).wait_idle()
    assert closed.stdout == "closed\n"
    kernel.check()


@pytest.mark.everloop_only("the package comm drops coroutines")
def test_the_exception_of_an_async_handler_is_shown_under_its_message(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.ok(ASYNC)
    open_comm(kernel, "awaiting").wait_idle()
    failed = send(kernel, n=-1).wait_idle()
    assert failed.error is not None
    assert failed.error["ename"] == "ValueError"
    assert "raise ValueError(number)" in failed.traceback
    assert "everloop" not in failed.traceback
    assert failed.stderr == ""
    late = kernel.ok(
        "async def late(comm, message):\n    await asyncio.sleep(0)\n    raise LookupError('late')\n"
        "comm.get_comm_manager().register_target('late', late)"
    )
    opened = open_comm(kernel, "late", "d").wait_idle()
    assert opened.error is not None
    assert opened.error["ename"] == "LookupError"
    assert opened.published("comm_close") == [{"comm_id": "d", "data": {}}]
    assert late.published("error") == []


@pytest.mark.everloop_only("the package comm logs them")
def test_the_exception_of_a_handler_is_shown_under_its_message(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.ok(
        "import comm\ndef target(comm, message):\n"
        "    comm.on_msg(lambda message: 1 / 0)\n    comm.on_close(lambda message: {}['closed'])\n"
        "comm.get_comm_manager().register_target('bad', target)"
    )
    open_comm(kernel, "bad").wait_idle()
    assert "ZeroDivisionError" in send(kernel).wait_idle().traceback
    closed = kernel.request("comm_close", {"comm_id": "c", "data": {}}).wait_idle()
    assert "KeyError: 'closed'" in closed.traceback
    assert kernel.ok("1 + 1").result == "2"


def test_a_target_by_its_import_string(fresh_kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "of_a_module.py").write_text("def target(comm, message):\n    print('imported', comm.target_name)\n")
    fresh_kernel.ok("import comm\ncomm.get_comm_manager().register_target('imported', 'of_a_module.target')")
    assert open_comm(fresh_kernel, "imported").wait_idle().stdout == "imported imported\n"


def test_all_kinds_of_buffers_are_sent(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok(
        "import array, comm\nc = comm.create_comm(target_name='front')\n"
        "c.send({}, buffers=[b'bytes', bytearray(b'array'), memoryview(b'view')[1:], array.array('H', [1, 2])])"
    )
    (sent,) = cell.entries("iopub", "comm_msg")
    assert [bytes(buffer) for buffer in sent.message["buffers"]] == [b"bytes", b"array", b"iew", b"\1\0\2\0"]


def test_buffers_arrive_as_memoryviews(fresh_kernel: Kernel) -> None:
    fresh_kernel.ok(
        "import comm\ndef target(comm, message):\n"
        "    comm.on_msg(lambda message: print([(type(b).__name__, b.tobytes()) for b in message['buffers']]))\n"
        "comm.get_comm_manager().register_target('buffers', target)"
    )
    open_comm(fresh_kernel, "buffers").wait_idle()
    message = send(fresh_kernel, buffers=[b"\0\1", b""]).wait_idle()
    assert message.stdout == "[('memoryview', b'\\x00\\x01'), ('memoryview', b'')]\n"


def test_the_comm_of_ipykernel(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok(
        "import warnings\nwarnings.simplefilter('ignore')\nfrom ipykernel.comm import Comm, CommManager\n"
        "c = Comm(target_name='old', data={'a': 1}, show_warning=False)\nc.on_msg(lambda message: print('got', message['content']['data']))\n"
        "c.kernel is get_ipython().kernel"
    )
    assert cell.result == "True"
    (opened,) = cell.published("comm_open")
    assert opened["data"] == {"a": 1}
    assert send(fresh_kernel, opened["comm_id"], b=2).wait_idle().stdout == "got {'b': 2}\n"


@pytest.mark.everloop_only("ipykernel says neither busy nor idle of comm messages while a cell awaits")
def test_messages_of_a_comm_while_a_cell_awaits(fresh_kernel: Kernel) -> None:
    """Each under itself, with busy and idle of its own, and the cell goes on when one of them lets it."""
    kernel = fresh_kernel
    open_echo(kernel)
    kernel.ok("import asyncio\ngo = asyncio.get_running_loop().create_future()")
    cell = kernel.submit("print('waiting')\nprint(await go)")
    cell.wait_for("waiting")
    assert kernel.request("comm_info_request", {}).wait().reply["comms"] == {"c": {"target_name": "echo"}}
    assert send(kernel, n=1).wait_idle().stdout == "echo {'n': 1}\n"
    kernel.request("comm_close", {"comm_id": "c", "data": {}}).wait_idle()
    assert not cell.replies
    unknown = open_comm(kernel, "nobody", "x").wait_idle()
    assert unknown.published("comm_close") == [{"comm_id": "x", "data": {}}]
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    kernel.check()


@pytest.mark.everloop_only("the package comm drops coroutines")
def test_an_interrupt_of_a_cell_spares_the_handlers(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.ok(ASYNC)
    open_comm(kernel, "awaiting").wait_idle()
    message = send(kernel, n=1).wait_for("begins")
    cell = kernel.submit("print('waiting')\nawait asyncio.sleep(3600)")
    cell.wait_for("waiting")
    kernel.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert not message.is_idle
    kernel.ok("release.set()")
    assert message.wait_idle().stdout.endswith("ends 1\n")
    assert message.error is None


@pytest.mark.parametrize("how", ["message", "signal"])
def test_an_interrupt_ends_a_handler_that_does_not_return(fresh_kernel: Kernel, how: str) -> None:
    kernel = fresh_kernel
    kernel.ok(
        "import comm\ndef target(comm, message):\n    print('begun', flush=True)\n    while True: pass\n"
        "comm.get_comm_manager().register_target('endless', target)"
    )
    opened = open_comm(kernel, "endless").wait_for("begun")
    kernel.interrupt(how)
    opened.wait_idle()
    assert kernel.ok("1 + 1").result == "2"


@pytest.mark.everloop_only("the package comm drops coroutines")
def test_a_handler_that_never_ends_does_not_hold_up_the_end(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.ok(ASYNC)
    open_comm(kernel, "awaiting").wait_idle()
    message = send(kernel, n=1).wait_for("begins")
    kernel.request("shutdown_request", {"restart": False}, channel="control").wait()
    kernel.wait_exit(10)
    assert message.is_idle


@pytest.mark.everloop_only("ipykernel is IPython's")
def test_without_ipython(start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    """The package needs IPython to handle a message; the kernel does not."""
    (tmp_path / "IPython").mkdir()
    (tmp_path / "IPython" / "__init__.py").write_text("raise ImportError('there is no IPython')")
    kernel = start_kernel(cwd=tmp_path)
    open_echo(kernel)
    assert send(kernel, n=1).wait_idle().stdout == "echo {'n': 1}\n"
    kernel.ok("comm.get_comm_manager().register_target('bad', lambda comm, message: 1 / 0)")
    assert "ZeroDivisionError" in open_comm(kernel, "bad", "b").wait_idle().traceback
