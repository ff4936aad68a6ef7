"""The kernel from JupyterLab's toolbar, its launcher and its panels, and what JupyterLab does when it has ended."""

from __future__ import annotations

from typing import Any

import pytest
from client import IS_EVERLOOP, KERNEL_NAME
from jupyter_client.kernelspec import KernelSpecManager
from lab import Lab

INTERRUPTED = [
    "print('begun')\nwhile True: pass",
    "import asyncio\nprint('begun')\nawait asyncio.sleep(3600)",
    "import time\nprint('begun')\ntime.sleep(3600)",
    "input('begun? ')",
    "kept = 1",
    '"kept" in globals()',
]


@pytest.mark.everloop_only("ipykernel raises CancelledError at an await")
def test_interrupt_and_restart(lab: Lab) -> None:
    lab.add_notebook("kernel.ipynb", *INTERRUPTED)
    seen = lab.browse("kernel")
    assert set(seen["interrupted"]) == {"busy", "awaiting", "sleeping", "asking"}
    for text in seen["interrupted"].values():
        assert "KeyboardInterrupt" in text
        assert "Cell In[" in text
    for name, busy in seen["busy"].items():
        assert busy["prompt"] == "[*]:"
        assert busy["status"] == "busy"
        assert name != "busy" or "Elapsed time" in busy["text"]
    assert seen["promptAfterRestart"] == "[1]:"


def test_the_kernel_ends_by_itself(lab: Lab) -> None:
    lab.add_notebook("lives.ipynb", "import os\nprint('pid', os.getpid())", "1 + 1", "'end'")
    seen = lab.browse("lives")
    assert [cell["prompt"] for cell in seen["ranAll"]] == ["[1]:", "[2]:", "[3]:"]
    for dialog in seen["dialogs"]:
        assert "appears to have died. It will restart automatically." in dialog
    assert seen["after"][0]["prompt"] == "[1]:"
    assert seen["after"][0]["output"] != seen["ranAll"][0]["output"]


@pytest.fixture(scope="module")
def window(lab: Lab) -> dict[str, Any]:
    """The launcher, two notebooks on two kernels, and the panel of usage."""
    for name, kernel in (("first", KERNEL_NAME), ("second", "python3")):
        lab.add_notebook(
            f"{name}.ipynb",
            f"import os, sys\nname = '{name}'\nname, sys.implementation.name",
            "name, os.getpid()",
            kernel=kernel,
        )
    return lab.browse("window")


def test_the_launcher_has_the_logo(window: dict[str, Any]) -> None:
    logos = {name: (file, width) for name, file, width in window["logos"]}
    file, width = logos[KernelSpecManager().get_kernel_spec(KERNEL_NAME).display_name]
    assert width > 0
    if IS_EVERLOOP:
        assert file == "logo-svg.svg"


def test_two_notebooks_on_two_kernels(window: dict[str, Any]) -> None:
    assert "('second', 'cpython')" in window["second"][0]["output"]
    if IS_EVERLOOP:
        assert "('first', 'rustpython')" in window["first"][0]["output"]
    assert "('first', " in window["again"][1]["output"]


def test_the_panel_of_usage(window: dict[str, Any], lab: Lab) -> None:
    for part in ("Kernel Host:", "Process ID:", "CPU:", "Memory:", "Host Virtual Memory"):
        assert part in window["usage"]
    # It opens all channels for each of its questions, and uses one.
    assert "refused a connection" not in lab.log.read_text()


def test_a_task_goes_on_while_the_page_is_loaded_again(lab: Lab) -> None:
    """JupyterLab shows nothing of what a cell of the page before prints; the cells of this page are shown all."""
    lab.add_notebook(
        "reopened.ipynb",
        """import asyncio
stop, n = asyncio.Event(), 0
async def tick():
    global n
    while not stop.is_set():
        print("tick", n)
        n += 1
        await asyncio.sleep(0.05)
    return "ended"
task = asyncio.create_task(tick())""",
        """async def show(until):
    while n < until:
        await asyncio.sleep(0.01)
    print("tick", n)
await show(n + 3)""",
        "stop.set()\nawait task",
    )
    _, show, stop = lab.browse("reopened")["cells"]
    assert int(show["output"].split()[-1]) > 3
    assert [show["prompt"], stop["prompt"]] == ["[2]:", "[3]:"]
