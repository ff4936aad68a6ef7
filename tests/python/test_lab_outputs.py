"""What cells leave in a notebook of JupyterLab: errors, times, displays that change, cells that write cells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from lab import Lab


@pytest.fixture(scope="module")
def failing(lab: Lab) -> dict[str, Any]:
    lab.add_notebook(
        "failing.ipynb",
        "print('before')",
        "def inner(n):\n    return n / 0\n\ndef outer(n):\n    return inner(n)\n\nouter(1)",
        "print('after')",
    )
    return lab.browse("failing")


def test_run_all_stops_at_an_error(failing: dict[str, Any]) -> None:
    assert [cell["prompt"] for cell in failing["cells"]] == ["[1]:", "[2]:", "[ ]:"]
    assert failing["cells"][2]["output"] == ""


def test_tracebacks_have_colours(failing: dict[str, Any]) -> None:
    text = failing["cells"][1]["output"]
    assert [text.find(line) >= 0 for line in ("----> 7 outer(1)", "----> 2     return n / 0")] == [True, True]
    assert {"ansi-red-fg", "ansi-green-fg", "ansi-bold"} <= set(failing["colours"])


def test_times_are_recorded(failing: dict[str, Any], lab: Lab) -> None:
    assert failing["indicator"]["status"] == "idle"
    first, second, third = (cell.metadata for cell in lab.saved("failing.ipynb").cells)
    for cell in (first, second):
        times = {name: datetime.fromisoformat(time) for name, time in cell["execution"].items()}
        assert times["iopub.status.busy"] <= times["iopub.execute_input"] <= times["iopub.status.idle"]
        assert times["shell.execute_reply.started"] <= times["shell.execute_reply"]
    assert "iopub.execute_input" not in third.get("execution", {})


def test_displays_and_cells_that_write_cells(lab: Lab) -> None:
    (lab.files / "some.py").write_text("loaded = 1\n")
    lab.add_notebook(
        "displays.ipynb",
        "handle = display('first', display_id=True)",
        "handle.update('second')",
        "from IPython.display import clear_output\nimport asyncio\nfor n in range(5):\n    clear_output(wait=True)\n"
        "    print('step', n)\n    await asyncio.sleep(0)",
        "%load some.py",
        "%recall 1",
    )
    seen = lab.browse("displays")
    outputs = [cell["output"].strip() for cell in seen["shown"]]
    assert outputs[:3] == ["'second'", "", "step 4"]
    sources = [cell["source"].strip() for cell in seen["after"]]
    assert sources[3] == "# %load some.py\nloaded = 1"
    assert sources[5] == sources[0]
