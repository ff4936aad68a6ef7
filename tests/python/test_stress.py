"""Everything at once: cells beside each other that print, display, await and use comms, while completions are asked for."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from client import Entry, Kernel, Request

#: How long it goes on.
SECONDS = float(os.environ.get("EVERLOOP_STRESS_SECONDS", "60"))
CELLS = 20

PRELUDE = """
import asyncio, comm, time
from IPython.display import display
a_name_to_complete = 1

async def work(cell, seconds):
    talk, answers = comm.create_comm(target_name="front"), asyncio.Queue()
    talk.on_msg(lambda message: (print("heard", message["content"]["data"]), answers.put_nowait(message["content"]["data"])))
    end, step = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        print(cell, "prints", step)
        if step % 3 == 0:
            display({"text/plain": f"{cell} displays {step}"}, raw=True)
        if step % 5 == 0:
            talk.send({"cell": cell, "step": step})
            assert await answers.get() == {"cell": cell, "step": step}
        await asyncio.sleep(0.02 + cell / 1000)
        step += 1
    return step
"""


class FrontEnd:
    """Answers each message of a comm, asks for completions all the time, and keeps what came by its parent."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.by_parent: dict[str, list[Entry]] = defaultdict(list)
        self.answers: list[tuple[Request, Any]] = []
        self.completions = [self._complete()]
        self._read = 0

    def _complete(self) -> Request:
        return self.kernel.request("complete_request", {"code": "a_name_to", "cursor_pos": 9})

    def read(self) -> None:
        entries = self.kernel.transcript[self._read :]
        self._read += len(entries)
        for entry in entries:
            self.by_parent[entry.parent_id].append(entry)
            if entry.type == "comm_msg":
                data = {"comm_id": entry.content["comm_id"], "data": entry.content["data"]}
                self.answers.append((self.kernel.request("comm_msg", data), entry.content["data"]))
            if entry.type == "complete_reply" and entry.parent_id == self.completions[-1].id:
                assert entry.content["matches"] == ["a_name_to_complete"]
                self.completions.append(self._complete())

    def of(self, request: Request, *types: str) -> list[Entry]:
        return [entry for entry in self.by_parent[request.id] if entry.type in types]

    def is_idle(self, request: Request) -> bool:
        return any(entry.content["execution_state"] == "idle" for entry in self.of(request, "status"))

    def check_bracket(self, request: Request, reply_type: str | None) -> None:
        states = [entry.content["execution_state"] for entry in self.of(request, "status")]
        assert states == ["busy", "idle"], request
        replies = [entry.type for entry in self.by_parent[request.id] if entry.type.endswith("_reply")]
        assert replies == ([reply_type] if reply_type else []), request

    def text(self, request: Request) -> str:
        return "".join(entry.content["text"] for entry in self.of(request, "stream"))


@pytest.mark.everloop_only("other kernels run one cell at a time")
@pytest.mark.timeout(SECONDS + 120)
def test_cells_comms_and_completions_at_once(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel()
    kernel.ok(PRELUDE)
    kernel.ok("%concurrent on")
    front = FrontEnd(kernel)
    cells = [kernel.submit(f"await work({number}, {SECONDS})") for number in range(CELLS)]

    def over() -> bool:
        front.read()
        return all(map(front.is_idle, cells))

    kernel.until(over, "the end of all cells", SECONDS + 60)
    # The answers and the last completion have their ends, too.
    rest = [*(request for request, _ in front.answers), front.completions[-1]]

    def quiet() -> bool:
        front.read()
        rest[:] = [request for request in rest if not front.is_idle(request)]
        return not rest and front.is_idle(front.completions[-1])

    kernel.until(quiet, "the end of all messages", 60)
    for number, cell in enumerate(cells):
        front.check_bracket(cell, "execute_reply")
        (result,) = front.of(cell, "execute_result")
        steps = int(result.content["data"]["text/plain"])
        assert steps > 0
        assert front.text(cell) == "".join(f"{number} prints {step}\n" for step in range(steps))
        displays = [entry.content["data"]["text/plain"] for entry in front.of(cell, "display_data")]
        assert displays == [f"{number} displays {step}" for step in range(0, steps, 3)]
        sent = [entry.content["data"] for entry in front.of(cell, "comm_msg")]
        assert sent == [{"cell": number, "step": step} for step in range(0, steps, 5)]
    for request, data in front.answers:
        front.check_bracket(request, None)
        assert front.text(request) == f"heard {data}\n"
    for request in front.completions[:-1]:
        front.check_bracket(request, "complete_reply")
    # More would be no test of this kernel but of how fast the test itself is.
    assert len(front.completions) > SECONDS
    numbers = [front.of(cell, "execute_input")[0].content["execution_count"] for cell in cells]
    assert numbers == list(range(numbers[0], numbers[0] + CELLS))
