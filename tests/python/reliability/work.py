"""The mixed work of a soak: small jobs that each ask a kernel for something and check all of the answer.

A job has a number, which its answers depend on. Numbers come again after some rounds, as the cells of a notebook that is
run again and again do: what a kernel keeps of each different cell (its source, for tracebacks) then stays the same.
"""

from __future__ import annotations

from collections.abc import Callable

from client import Kernel, Request

Job = Callable[[Kernel, int], None]

PRELUDE = """
import asyncio, comm, subprocess, threading, time
from IPython.display import HTML, clear_output, display, update_display

def echo(talk, opened):
    @talk.on_msg
    def answer(message):
        print("heard", message["content"]["data"]["n"])
        talk.send({"n": message["content"]["data"]["n"] + 1}, buffers=[bytes(b) for b in message["buffers"]])

comm.get_comm_manager().register_target("echo", echo)

async def one(n):
    await asyncio.sleep(0)
    return n

async def later(n):
    await asyncio.sleep(0.01)
    print("later", n)
    display({"text/plain": f"later {n}"}, raw=True)

async def fail_later(n):
    await asyncio.sleep(0.01)
    raise LookupError(n)

class Shape:
    def __init__(self, n):
        self.n = n
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": f"shape {self.n}", "text/html": f"<b>{self.n}</b>"}
"""


#: Interrupts that had to be sent a second time.
repeated: list[str] = []


def prepare(kernel: Kernel) -> None:
    kernel.ok(PRELUDE)


def ok(kernel: Kernel, code: str, **fields: object) -> Request:
    """A cell that the history does not keep, since what a person asks a kernel to keep is no leak."""
    return kernel.ok(code, store_history=False, **fields)


def submit(kernel: Kernel, code: str) -> Request:
    return kernel.submit(code, store_history=False)


def error_of(cell: Request) -> str:
    cell.wait()
    assert cell.reply["status"] == "error", cell.kernel.transcript_text()
    return cell.reply["ename"]


def ends(cell: Request, limit: float = 5.0) -> bool:
    try:
        cell.wait(limit)
    except AssertionError:
        return False
    return True


def cells(kernel: Kernel, n: int) -> None:
    assert kernel.ok(f"remembered = {n}\nremembered + 1").result == str(n + 1)
    lines = "".join(f"{n} {line}\n" for line in range(20))
    assert ok(kernel, f"for line in range(20): print({n}, line)").stdout == lines
    cell = ok(kernel, f"import sys\nprint({n}, file=sys.stderr)\nn = {n}", user_expressions={"twice": "n * 2"})
    assert cell.stream("stderr") == f"{n}\n"
    assert cell.reply["user_expressions"]["twice"]["data"]["text/plain"] == str(2 * n)
    assert ok(kernel, f"def f(x):\n    return [x + y for y in range(3)]\nf({n})").result == str([n, n + 1, n + 2])
    assert kernel.ok("n", silent=True).published_types == ["status", "status"]


def awaits(kernel: Kernel, n: int) -> None:
    assert ok(kernel, f"await one({n})").result == str(n)
    assert ok(kernel, f"sum(await asyncio.gather(*(one({n} + i) for i in range(50))))").result == str(50 * n + 1225)
    assert ok(kernel, f"await asyncio.wait_for(asyncio.to_thread(lambda: {n}), 60)").result == str(n)


def errors(kernel: Kernel, n: int) -> None:
    cell = submit(kernel, f"print({n})\n{n} / 0")
    assert error_of(cell) == "ZeroDivisionError"
    assert cell.stdout == f"{n}\n"
    assert f"{n} / 0" in cell.traceback
    assert error_of(submit(kernel, f"{n} +")) == "SyntaxError"
    assert error_of(submit(kernel, f"await one({n}); raise LookupError({n})")) == "LookupError"


def failing_task(kernel: Kernel, n: int) -> None:
    cell = ok(kernel, f"failing = asyncio.create_task(fail_later({n}))\ndel failing")
    cell.wait_for(f"LookupError({n})", "stderr")


def interrupts(kernel: Kernel, n: int) -> None:
    how = ("message", "signal")[n % 2]
    for wait in ("await asyncio.sleep(1000)", "while True: pass", "time.sleep(1000)"):
        cell = submit(kernel, f"print('begun')\n{wait}").wait_for("begun")
        kernel.interrupt(how)
        if not ends(cell):
            repeated.append(f"{how}: {wait}")
            kernel.interrupt(how)
        # ipykernel lets the cancellation of an awaiting cell be seen.
        assert error_of(cell) in ("KeyboardInterrupt", "CancelledError")
    assert ok(kernel, f"await one({n})").result == str(n)


def comms(kernel: Kernel, n: int) -> None:
    kernel.request("comm_open", {"comm_id": f"c{n}", "target_name": "echo", "data": {}}).wait_idle()
    buffer = bytes([n % 256]) * 1000
    data = {"comm_id": f"c{n}", "data": {"n": n}}
    said = kernel.request("comm_msg", data, buffers=[buffer]).wait_idle()
    (answer,) = said.entries("iopub", "comm_msg")
    assert answer.content["data"] == {"n": n + 1}
    assert [bytes(part) for part in answer.message["buffers"]] == [buffer]
    assert said.stdout == f"heard {n}\n"
    kernel.request("comm_close", {"comm_id": f"c{n}", "data": {}}).wait_idle()
    assert kernel.request("comm_info_request", {}).wait().reply["comms"] == {}


def lookups(kernel: Kernel, n: int) -> None:
    def ask(kind: str, **content: object) -> dict:
        return kernel.request(f"{kind}_request", content).wait().reply

    assert ask("complete", code="asyncio.create_tas", cursor_pos=18)["matches"][0].endswith("create_task")
    inspected = ask("inspect", code="asyncio.gather", cursor_pos=10, detail_level=0)
    assert "coros_or_futures" in inspected["data"]["text/plain"]
    assert ask("is_complete", code=f"for i in range({n}):") == {"status": "incomplete", "indent": "    "}
    kernel.ok(f"asked = {n}")
    tail = ask("history", hist_access_type="tail", n=1, raw=True, output=False)["history"]
    assert [entry[2] for entry in tail] == [f"asked = {n}"]


def displays(kernel: Kernel, n: int) -> None:
    cell = ok(
        kernel,
        f"display(HTML('<i>{n}</i>'))\nhandle = display({n}, display_id='d')\nupdate_display({n} + 1, display_id='d')\nclear_output(wait=True)\nShape({n})",
    )
    types = [kind for kind in cell.published_types if kind != "status"]
    assert types == [
        "execute_input",
        "display_data",
        "display_data",
        "update_display_data",
        "clear_output",
        "execute_result",
    ]
    assert cell.published("display_data")[0]["data"]["text/html"] == f"<i>{n}</i>"
    assert cell.published("update_display_data")[0]["data"]["text/plain"] == str(n + 1)
    assert cell.published("execute_result")[0]["data"] == {"text/plain": f"shape {n}", "text/html": f"<b>{n}</b>"}


def questions(kernel: Kernel, n: int) -> None:
    cell = submit(kernel, f"print(input('{n}?'))")
    question = kernel.question(cell)
    assert question.content["prompt"] == f"{n}?"
    kernel.answer(question, f"answer {n}")
    assert cell.wait().stdout == f"answer {n}\n"


def threads(kernel: Kernel, n: int) -> None:
    cell = ok(
        kernel,
        f"""
def speak(i):
    for step in range(5):
        print(f"<{{i}} {{step}} {n}>", end="")
speakers = [threading.Thread(target=speak, args=(i,)) for i in range(4)]
for speaker in speakers: speaker.start()
for speaker in speakers: speaker.join()
""",
    )
    words = [word.strip("<") for word in cell.stdout.split(">")[:-1]]
    for i in range(4):
        assert [word for word in words if word.startswith(f"{i} ")] == [f"{i} {step} {n}" for step in range(5)]
    assert len(words) == 20


def subprocesses(kernel: Kernel, n: int) -> None:
    assert ok(kernel, f"!echo {n} of the shell").stdout.split() == [str(n), "of", "the", "shell"]
    assert ok(kernel, f"subprocess.run(['echo', '{n}'], capture_output=True, text=True).stdout").result == f"'{n}\\n'"
    cell = ok(
        kernel,
        f"child = await asyncio.create_subprocess_exec('echo', '{n}', stdout=-1)\nout, _ = await child.communicate()\nout",
    )
    assert cell.result == f"b'{n}\\n'"


def background(kernel: Kernel, n: int) -> None:
    first = ok(kernel, f"a = asyncio.create_task(later({n}))")
    second = ok(kernel, f"b = threading.Timer(0.01, print, ['timer', {n}])\nb.start()")
    first.wait_published("display_data")
    second.wait_for(f"timer {n}\n")
    assert first.stdout == f"later {n}\n"
    assert first.published("display_data")[0]["data"]["text/plain"] == f"later {n}"
    assert second.stdout == f"timer {n}\n"


def magics(kernel: Kernel, n: int) -> None:
    assert ok(kernel, f"%%capture captured\nprint({n})").stdout == ""
    assert ok(kernel, "print(captured.stdout, end='')").stdout == f"{n}\n"
    assert "Wall time" in ok(kernel, f"%time sum(range({n}))").stdout
    assert ok(kernel, f"%%bash\necho {n}").stdout == f"{n}\n"
    assert "mean" in ok(kernel, "%timeit -n1 -r2 pass").stdout


def beside(kernel: Kernel, n: int) -> None:
    """Cells beside each other, one on a thread and two that await; the second lets the first go on."""
    first = submit(kernel, f"%%concurrent\ngate = asyncio.Event()\nprint('one', {n})\nawait gate.wait()\n{n}")
    first.wait_for("one")
    thread = submit(kernel, f"%%thread\nprint('thread', {n})\nsum(range({n}))")
    second = submit(kernel, f"%%concurrent\ngate.set()\nprint('two', {n})\n{n} + 1")
    for cell, text, result in ((first, "one", n), (thread, "thread", sum(range(n))), (second, "two", n + 1)):
        cell.wait()
        assert cell.stdout == f"{text} {n}\n"
        assert cell.result == str(result)


#: What other kernels do not have; an interrupt of a cell that awaits may be lost in ipykernel.
OURS = (failing_task, interrupts, beside)
JOBS: tuple[Job, ...] = (
    cells,
    awaits,
    errors,
    failing_task,
    interrupts,
    comms,
    lookups,
    displays,
    questions,
    threads,
    subprocesses,
    background,
    magics,
    beside,
)


def jobs_for(kernel: Kernel) -> tuple[Job, ...]:
    if kernel.manager.kernel_name.startswith("everloop"):
        return JOBS
    return tuple(job for job in JOBS if job not in OURS)
