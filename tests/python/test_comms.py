"""Comms through the package ``comm``: both ways, with buffers, in order, under their own parent, also while a cell awaits."""

from __future__ import annotations

from client import Kernel

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
    assert "ZeroDivisionError" in opened.stderr
    assert fresh_kernel.ok("1 + 1").result == "2"


def test_the_kernel_opens_comms(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok("import comm\nc = comm.create_comm(target_name='front', data={'a': 1})\nc.comm_id")
    (opened,) = cell.published("comm_open")
    assert opened["target_name"] == "front"
    assert opened["data"] == {"a": 1}
    assert repr(opened["comm_id"]) == cell.result


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
