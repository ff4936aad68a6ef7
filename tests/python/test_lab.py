"""JupyterLab in a browser: the kernel as most people meet it."""

from __future__ import annotations

from typing import Any

import pytest
from client import KERNEL_NAME
from lab import Lab


@pytest.fixture(scope="module")
def executed(lab: Lab) -> dict[str, Any]:
    """What a person sees who opened the example notebook and chose Run All."""
    lab.add_notebook("autoawait.ipynb")
    return lab.browse("notebook")


def output(executed: dict[str, Any], source: str) -> str:
    return next(cell["output"] for cell in executed["cells"] if source in cell["source"])


def test_run_all_cells(executed: dict[str, Any]) -> None:
    if KERNEL_NAME == "everloop":
        assert executed["kernel"] == "Python (everloop)"
    cells = executed["cells"]
    assert [cell["prompt"] for cell in cells] == [f"[{n}]:" for n in range(1, len(cells) + 1)]
    # The cell of the background task was done while its task printed.
    assert executed["idleMeanwhile"].strip("[]:").isdigit()

    assert "slept half a second" in output(executed, "await asyncio.sleep(0.5")
    assert "3 2 1 go" in output(executed, "async for number in countdown(3)")
    assert "[25, 16, 9, 4, 1]" in output(executed, "async for number in countdown(3)")
    assert "True" in output(executed, "loop.is_running()")
    assert [line for line in output(executed, "create_task(repeat").splitlines() if line] == [
        f"background {n}" for n in range(10)
    ]
    assert "serving at http://127.0.0.1:" in output(executed, "TCPSite")
    assert "['Ada', 'Grace', 'Guido', 'Margaret', 'Tim']" in output(executed, "ClientSession")
    assert [cell["bars"] for cell in cells if "ClientSession" in cell["source"]] == [1]
    assert "a busy loop was interrupted" in output(executed, "while True")
    assert "an await was interrupted" in output(executed, "sleep(3600)")


@pytest.mark.everloop_only("ipykernel does not tell")
def test_the_exception_of_a_background_task_is_seen(executed: dict[str, Any]) -> None:
    assert "LookupError: lost in the background" in output(executed, "create_task(fail")


@pytest.mark.everloop_only("other kernels run one cell at a time")
def test_cells_beside_each_other(lab: Lab) -> None:
    lab.add_notebook(
        "concurrent.ipynb",
        "%concurrent on\nimport asyncio\nstop = asyncio.Event()\n"
        "async def count(name):\n    n = 0\n    while not stop.is_set():\n        print(name, n)\n"
        "        await asyncio.sleep(0.05)\n        n += 1\n    print(name, 'ended')",
        'await count("first")',
        'await count("second")',
        "%tasks",
        "%%thread\nwhile True: pass",
        "stop.set()",
    )
    seen = lab.browse("concurrent")
    first, second, tasks, thread = seen["meanwhile"][1:5]
    assert [cell["prompt"] for cell in (first, second, thread)] == ["[*]:"] * 3
    assert tasks["prompt"] == "[4]:"
    assert 'await count("first")' in tasks["output"]
    assert "second" not in first["output"]
    assert "first" not in second["output"]
    assert [cell["prompt"] for cell in seen["end"]] == [f"[{n}]:" for n in range(1, 7)]
    assert "KeyboardInterrupt" in seen["end"][4]["output"]
    assert "KeyboardInterrupt" not in first["output"] + second["output"]


def test_a_question(lab: Lab) -> None:
    lab.add_notebook(
        "question.ipynb",
        "print('hello', input('who? '))",
        "from getpass import getpass\nprint(len(getpass('secret? ')), 'letters')",
    )
    seen = lab.browse("question")
    assert [question["prompt"] for question in seen["asked"]] == ["who?", "secret?"]
    assert [question["type"] == "password" for question in seen["asked"]] == [False, True]
    assert not any("s3cret" in cell["output"] for cell in seen["cells"])


@pytest.mark.everloop_only("ipykernel has no ainput()")
def test_questions_that_tasks_ask(lab: Lab) -> None:
    """In turn, under the cell that started the task, also when that has ended."""
    lab.add_notebook(
        "awaited.ipynb",
        "import asyncio\nasync def later():\n    await go.wait()\n    print('later', await ainput('later? '))\n"
        "go = asyncio.Event()\ntask = asyncio.create_task(later())",
        "await asyncio.gather(ainput('who? '), ainput('what? '))",
        "go.set()",
    )
    assert lab.browse("awaitedQuestions")["prompt"] == "[3]:"
