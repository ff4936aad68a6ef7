"""Widgets in JupyterLab, used in a browser: clicks, keys on a slider, what is drawn."""

from __future__ import annotations

import pytest
from lab import Lab

PRELUDE = "import asyncio\nfrom ipywidgets import *\n"


def test_a_cell_awaits_a_button(lab: Lab) -> None:
    lab.add_notebook(
        "press.ipynb",
        PRELUDE
        + "pressed = asyncio.get_running_loop().create_future()\nbutton = Button(description='Press me')\n"
        + "button.on_click(lambda button: pressed.set_result('pressed'))\nbutton",
        "print('waiting')\nawait pressed",
    )
    assert lab.browse("press")["prompt"] == "[2]:"


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_a_slider_moves_while_a_cell_awaits(lab: Lab) -> None:
    lab.add_notebook(
        "slider.ipynb",
        PRELUDE
        + """
moves, slider, out = asyncio.Queue(), IntSlider(max=10), Output()

def moved(change):
    moves.put_nowait(change.new)
    with out:
        print("sync", change.new)

async def moved_later(change):
    with out:
        await asyncio.sleep(0.05)
        print("async", change.new)

slider.observe(moved, "value")
slider.observe(moved_later, "value")
VBox([slider, out])""",
        "print('waiting')\nfor _ in range(3):\n    print('moved', await moves.get())\nprint('done')",
    )
    seen = lab.browse("slider")
    assert seen["moves"].split() == ["waiting", "moved", "1", "moved", "2", "moved", "3", "done"]
    assert seen["printed"].split() == [word for value in "123" for word in ("sync", value, "async", value)]


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_handlers_that_overlap_print_into_one_output(lab: Lab) -> None:
    lab.add_notebook(
        "overlap.ipynb",
        PRELUDE
        + """
button, out = Button(description="Press me"), Output()
go, later, clicks, tasks = asyncio.Event(), asyncio.Event(), 0, []

async def print_later(number):
    await later.wait()
    with out:
        print("later", number)

async def on_click(button):
    global clicks
    clicks += 1
    number = clicks
    tasks.append(asyncio.create_task(print_later(number)))
    with out:
        print("begins", number)
        await go.wait()
        print("ends", number)

button.on_click(on_click)
VBox([button, out])""",
        "go.set()",
        "later.set()",
    )
    printed = lab.browse("overlap")["printed"].split("\n")
    lines = [f"{what} {number}" for what in ("begins", "ends", "later") for number in (1, 2)]
    assert [line for line in printed if line in lines] == lines


def test_bars_advance_between_cells(lab: Lab) -> None:
    lab.add_notebook(
        "progress.ipynb",
        PRELUDE
        + """
from tqdm.notebook import tqdm
step, bar = asyncio.Queue(), IntProgress(max=4)
display(bar)

async def work():
    for n in tqdm(range(4), desc="steps", mininterval=0):
        await step.get()
        bar.value = n + 1

task = asyncio.create_task(work())""",
        "step.put_nowait(None)",
    )
    widths = lab.browse("progress")["widths"]
    assert widths == [[width, width] for width in ("25%", "50%", "75%", "100%")]


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_interact_shows_anew(lab: Lab) -> None:
    lab.add_notebook(
        "interact.ipynb",
        PRELUDE + "@interact(x=5)\ndef double(x):\n    print('double', 2 * x)",
        "@interact(x=(0, 10))\nasync def triple(x):\n    await asyncio.sleep(0.05)\n    print('triple', 3 * x)",
    )
    shown = lab.browse("interact")["shown"]
    assert shown["def double"].split()[-2:] == ["double", "14"]
    assert shown["def triple"].split()[-2:] == ["triple", "21"]
    assert shown["def double"].count("double") == shown["def triple"].count("triple") == 1


def test_anywidget_counts_in_both_directions(lab: Lab) -> None:
    lab.add_notebook(
        "anywidget.ipynb",
        PRELUDE
        + '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    _esm = """
    export default {
      render({ model, el }) {
        const button = document.createElement("button");
        button.className = "counter";
        let kernel = 0;
        const draw = () => { button.textContent = `count ${model.get("value")}, kernel ${kernel}`; };
        button.onclick = () => {
          model.set("value", model.get("value") + 1);
          model.save_changes();
          model.send({ clicked: true });
        };
        model.on("change:value", draw);
        model.on("msg:custom", (message) => { kernel = message.clicks; draw(); });
        draw();
        el.appendChild(button);
      },
    };
    """
    value = traitlets.Int(0).tag(sync=True)

clicks, counter = 0, Counter()

def clicked(widget, content, buffers):
    global clicks
    clicks += 1
    widget.send({"clicks": clicks})

counter.on_msg(clicked)
counter''',
        "counter.value += 10",
        "counter.value, clicks",
    )
    assert lab.browse("anywidget")["text"] == "count 12, kernel 2"
