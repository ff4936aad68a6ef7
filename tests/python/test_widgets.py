"""ipywidgets, anywidget and tqdm in the kernel; the messages of the front end are sent by hand."""

from __future__ import annotations

from typing import Any

import pytest
from client import Kernel, Request, plain

PRELUDE = "import asyncio\nfrom ipywidgets import *\n"


def model(kernel: Kernel, widget: str) -> str:
    return kernel.ok(f"print({widget}.model_id)").stdout.strip()


def send(kernel: Kernel, model_id: str, data: dict[str, Any], buffers: list[bytes] | None = None) -> Request:
    return kernel.request("comm_msg", {"comm_id": model_id, "data": data}, buffers=buffers)


def update(kernel: Kernel, model_id: str, **state: Any) -> Request:
    return send(kernel, model_id, {"method": "update", "state": state, "buffer_paths": []})


def custom(kernel: Kernel, model_id: str, content: Any, buffers: list[bytes] | None = None) -> Request:
    return send(kernel, model_id, {"method": "custom", "content": content}, buffers)


def click(kernel: Kernel, model_id: str) -> Request:
    return custom(kernel, model_id, {"event": "click"})


def updates(request: Request, method: str = "update") -> list[dict[str, Any]]:
    messages = [content["data"] for content in request.published("comm_msg")]
    return [message["state"] for message in messages if message["method"] == method]


def captured(kernel: Kernel, model_id: str) -> str:
    """What JupyterLab shows in an `Output` widget: the output of the message that it names, while that message is not
    idle, or of a cell at any time."""
    cells = {request.id for request in kernel.requests if request.message["header"]["msg_type"] == "execute_request"}
    text, idle, named = "", set(), ""
    for entry in kernel.transcript:
        if entry.channel != "iopub":
            continue
        listened_to = named and entry.parent_id == named and (named in cells or named not in idle)
        if entry.type == "comm_msg" and entry.content["comm_id"] == model_id:
            named = entry.content["data"].get("state", {}).get("msg_id", named)
        elif entry.type == "status" and entry.content["execution_state"] == "idle":
            idle.add(entry.parent_id)
        elif listened_to:
            match entry.type:
                case "stream":
                    text += entry.content["text"]
                case "display_data":
                    text += entry.content["data"]["text/plain"] + "\n"
                case "error":
                    text += plain("\n".join(entry.content["traceback"])) + "\n"
                case "clear_output":
                    text = ""
    return text


@pytest.fixture
def widgets(fresh_kernel: Kernel) -> Kernel:
    fresh_kernel.ok(PRELUDE)
    return fresh_kernel


def test_a_library_that_asks_for_the_shell_has_it(fresh_kernel: Kernel) -> None:
    """Also while IPython is being imported, which begins half a second after the start."""
    cell = fresh_kernel.ok(
        "import asyncio\nawait asyncio.sleep(0.5)\nfrom ipywidgets import interact\n"
        "interact(lambda x: None, x=5)\nimport comm\nprint(*comm.get_comm_manager().targets)"
    )
    assert cell.stdout.split() == ["jupyter.widget", "jupyter.widget.control"]
    assert "application/vnd.jupyter.widget-view+json" in cell.published("display_data")[0]["data"]


# -- values


def test_a_slider_moves(widgets: Kernel) -> None:
    shown = widgets.ok("s = IntSlider(max=10)\ns.observe(lambda change: print('now', change.new), 'value')\ns")
    view = shown.published("execute_result")[0]["data"]["application/vnd.jupyter.widget-view+json"]
    moved = update(widgets, view["model_id"], value=7).wait_idle()
    assert moved.stdout == "now 7\n"
    assert updates(moved, "echo_update") == [{"value": 7}]
    assert widgets.ok("s.value").result == "7"
    assert updates(widgets.ok("s.value = 3")) == [{"value": 3}]
    (state,) = updates(send(widgets, view["model_id"], {"method": "request_state"}).wait_idle())
    assert (state["value"], state["max"]) == (3, 10)
    widgets.check()


def test_a_page_that_is_loaded_anew_asks_for_all_widgets(widgets: Kernel) -> None:
    widgets.ok("image = Image(value=b'bytes')")
    image = model(widgets, "image")
    control = {"comm_id": "c", "target_name": "jupyter.widget.control", "data": {}}
    widgets.request("comm_open", control, metadata={"version": "1.0.0"}).wait_idle()
    (states,) = send(widgets, "c", {"method": "request_states"}).wait_idle().entries("iopub", "comm_msg")
    assert states.content["data"]["method"] == "update_states"
    assert states.content["data"]["states"][image]["model_name"] == "ImageModel"
    assert [bytes(buffer) for buffer in states.message["buffers"]] == [b"bytes"]


def test_linked_widgets_follow(widgets: Kernel) -> None:
    widgets.ok(
        "a, b, c = IntSlider(), IntText(), IntProgress()\none = link((a, 'value'), (b, 'value'))\njslink((a, 'value'), (c, 'value'))"
    )
    moved = update(widgets, model(widgets, "a"), value=5).wait_idle()
    assert {"value": 5} in updates(moved)
    assert widgets.ok("a.value, b.value").result == "(5, 5)"
    widgets.ok("one.unlink()\na.value = 6")
    assert widgets.ok("b.value").result == "5"


def test_a_play_advances(widgets: Kernel) -> None:
    widgets.ok("p, s = Play(max=3), IntSlider()\ndlink((p, 'value'), (s, 'value'))")
    for value in range(1, 4):
        update(widgets, model(widgets, "p"), value=value).wait_idle()
    assert widgets.ok("s.value").result == "3"


def test_a_file_is_uploaded(widgets: Kernel) -> None:
    widgets.ok("upload = FileUpload()\nupload.observe(lambda change: print(change.new[0].content.tobytes()), 'value')")
    file = {"name": "a.bin", "type": "", "size": 3, "last_modified": 1_700_000_000_000}
    uploaded = send(
        widgets,
        model(widgets, "upload"),
        {"method": "update", "state": {"value": [file]}, "buffer_paths": [["value", 0, "content"]]},
        [b"\0\1\xff"],
    ).wait_idle()
    assert uploaded.stdout == "b'\\x00\\x01\\xff'\n"
    assert widgets.ok("upload.value[0].name, bytes(upload.value[0].content)").result == "('a.bin', b'\\x00\\x01\\xff')"


def test_an_image_goes_as_a_buffer(widgets: Kernel) -> None:
    cell = widgets.ok("image = Image(value=b'first', format='png')")
    (opened,) = [
        entry
        for entry in cell.entries("iopub", "comm_open")
        if entry.content["data"]["state"]["_model_name"] == "ImageModel"
    ]
    assert opened.content["data"]["buffer_paths"] == [["value"]]
    assert [bytes(buffer) for buffer in opened.message["buffers"]] == [b"first"]
    (changed,) = widgets.ok("image.value = b'second'").entries("iopub", "comm_msg")
    assert [bytes(buffer) for buffer in changed.message["buffers"]] == [b"second"]


# -- while a cell awaits


@pytest.mark.everloop_only("ipykernel says neither busy nor idle of comm messages while a cell awaits")
def test_a_cell_awaits_a_widget(widgets: Kernel) -> None:
    widgets.ok(
        "def press(button):\n    future = asyncio.get_running_loop().create_future()\n"
        "    def pressed(button):\n        button.on_click(pressed, remove=True)\n        future.set_result('pressed')\n"
        "    button.on_click(pressed)\n    return future\nbutton = Button()"
    )
    button = model(widgets, "button")
    cell = widgets.submit("print('waiting')\nprint(await press(button))\nprint(await press(button))")
    cell.wait_for("waiting")
    click(widgets, button).wait_idle()
    cell.wait_for("pressed")
    assert not cell.replies
    click(widgets, button).wait_idle()
    assert cell.wait().stdout == "waiting\npressed\npressed\n"
    assert click(widgets, button).wait_idle().stdout == ""
    widgets.check()


@pytest.mark.everloop_only("ipykernel says neither busy nor idle of comm messages while a cell awaits")
def test_each_move_is_seen_while_a_cell_awaits(widgets: Kernel) -> None:
    widgets.ok(
        "s = IntSlider()\nqueue = asyncio.Queue()\ns.observe(lambda change: queue.put_nowait(change.new), 'value')"
    )
    slider = model(widgets, "s")
    cell = widgets.submit("print('waiting')\nfor _ in range(20): print(await queue.get())")
    cell.wait_for("waiting")
    moves = [update(widgets, slider, value=value) for value in range(1, 21)]
    for value, move in enumerate(moves, 1):
        assert updates(move.wait_idle(), "echo_update") == [{"value": value}]
    assert cell.wait().stdout.split() == ["waiting", *map(str, range(1, 21))]


def test_a_bar_advances_between_cells(widgets: Kernel) -> None:
    started = widgets.ok(
        "bar = IntProgress(max=3)\ndisplay(bar)\nstep = asyncio.Queue()\n"
        "async def work():\n    for n in range(1, 4):\n        await step.get()\n        bar.value = n\n"
        "task = asyncio.create_task(work())"
    )
    for value in range(1, 4):
        widgets.ok("step.put_nowait(None)")
        started.wait_published("comm_msg", value)
    assert updates(started) == [{"value": 1}, {"value": 2}, {"value": 3}]


def test_tqdm_in_a_notebook(widgets: Kernel) -> None:
    cell = widgets.ok(
        "from tqdm.notebook import tqdm\nasync def work():\n    for n in tqdm(range(3), desc='steps'):\n"
        "        await asyncio.sleep(0)\ntask = asyncio.create_task(work())"
    )
    widgets.ok("await task")
    assert {"value": 3.0} in updates(cell)
    assert {"bar_style": "success"} in updates(cell)
    assert "steps: 100%" in str(updates(cell)).replace("\u2007", " ").replace("\\u2007", " ")


def test_tqdm_awaits(widgets: Kernel) -> None:
    cell = widgets.ok(
        "from tqdm.asyncio import tqdm\nasync for n in tqdm(range(3)):\n    await asyncio.sleep(0)\n"
        "async def double(n):\n    await asyncio.sleep(0)\n    return 2 * n\n"
        "await tqdm.gather(*map(double, range(4)))"
    )
    assert "3/3" in cell.stderr
    assert "4/4" in cell.stderr
    assert cell.result == "[0, 2, 4, 6]"


# -- handlers that await


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_async_handlers_of_a_button(widgets: Kernel) -> None:
    widgets.ok(
        "button, go = Button(), asyncio.Event()\n"
        "async def on_click(button):\n    print('begins')\n    await go.wait()\n    print('ends')\n"
        "async def say(button, text):\n    await asyncio.sleep(0)\n    print(text)\n"
        "button.on_click(on_click)\nbutton.on_click(on_click)\nbutton.on_click(lambda button: say(button, 'lambda'))"
    )
    button = model(widgets, "button")
    pressed = click(widgets, button).wait_for("lambda")
    name = widgets.ok("[task.get_name() for task in asyncio.all_tasks() if 'on_click' in repr(task)]").result
    assert name == "['comm_msg jupyter.widget']"
    assert not pressed.is_idle
    widgets.ok("go.set()")
    assert pressed.wait_idle().stdout == "begins\nlambda\nends\n"
    widgets.ok("button.on_click(on_click, remove=True)")
    assert click(widgets, button).wait_idle().stdout == "lambda\n"
    widgets.check()


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_async_observers(widgets: Kernel) -> None:
    widgets.ok(
        "s = IntSlider()\nasync def moved(change):\n    await asyncio.sleep(0)\n    print('moved to', change.new)\n"
        "s.observe(moved, 'value')\ns.observe(moved, 'value')"
    )
    slider = model(widgets, "s")
    assert update(widgets, slider, value=1).wait_idle().stdout == "moved to 1\n"
    assert widgets.ok("s.value = 2\nawait asyncio.sleep(0.01)").stdout == "moved to 2\n"
    widgets.ok("s.unobserve(moved, 'value')")
    assert update(widgets, slider, value=3).wait_idle().stdout == ""


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_the_exception_of_an_async_handler(widgets: Kernel) -> None:
    widgets.ok(
        "button = Button()\nasync def fails(button):\n    await asyncio.sleep(0)\n    1 / 0\nbutton.on_click(fails)"
    )
    pressed = click(widgets, model(widgets, "button")).wait_idle()
    assert "ZeroDivisionError" in pressed.traceback
    assert "fails(button)" in pressed.traceback


def test_the_exception_of_a_handler(widgets: Kernel) -> None:
    widgets.ok(
        "button = Button()\nbutton.on_click(lambda button: 1 / 0)\nbutton.on_click(lambda button: print('next'))"
    )
    pressed = click(widgets, model(widgets, "button")).wait_idle()
    assert "ZeroDivisionError" in pressed.traceback
    assert pressed.stdout == "next\n"


@pytest.mark.everloop_only("traitlets drops coroutines")
def test_async_observers_without_a_widget(fresh_kernel: Kernel) -> None:
    cell = fresh_kernel.ok(
        "import asyncio\nfrom traitlets import HasTraits, Int, observe\ndone = asyncio.Queue()\n"
        "class Thing(HasTraits):\n    x = Int()\n"
        "    @observe('x')\n    async def by_decorator(self, change):\n        print('begins')\n"
        "        await asyncio.sleep(0)\n        await done.put('by decorator')\n"
        "async def by_method(change):\n    await asyncio.sleep(0)\n    await done.put('by method')\n"
        "thing = Thing()\nthing.observe(by_method, 'x')\nthing.x = 1\nprint('set')\nprint(await done.get(), await done.get())"
    )
    assert cell.stdout == "begins\nset\nby decorator by method\n"
    failing = fresh_kernel.ok(
        "async def fail(change): raise LookupError(change.new)\nthing.observe(fail, 'x')\nthing.x = 2"
    )
    failing.wait_for("LookupError", "stderr")
    fresh_kernel.ok("import threading\nthing.unobserve(fail, 'x')\ndone = asyncio.Queue()")
    assert fresh_kernel.ok("await asyncio.to_thread(setattr, thing, 'x', 3)\nawait done.get()").error is None


# -- Output


OUTPUT = """
out, button, go = Output(), Button(), asyncio.Queue()
"""


def test_handlers_print_into_an_output(widgets: Kernel) -> None:
    widgets.ok(
        OUTPUT + "@out.capture()\ndef captured(button):\n    display('captured')\n"
        "def on_click(button):\n    print('outside')\n    with out:\n        print('inside')\n        1 / 0\n"
        "button.on_click(captured)\nbutton.on_click(on_click)"
    )
    out, button = model(widgets, "out"), model(widgets, "button")
    pressed = click(widgets, button).wait_idle()
    text = captured(widgets, out)
    assert text.startswith("'captured'\ninside\n")
    assert "ZeroDivisionError" in text
    assert pressed.stdout == "outside\ninside\n"
    assert updates(widgets.ok("out.append_stdout('appended')"))[0]["outputs"][0]["text"] == "appended"


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_async_handlers_print_into_an_output(widgets: Kernel) -> None:
    """Also when they overlap, which is what two clicks do."""
    widgets.ok(
        OUTPUT + "async def on_click(button):\n    with out:\n        print('begins')\n        print(await go.get())\n"
        "@out.capture()\nasync def captured(button):\n    await asyncio.sleep(0)\n    print('captured')\n"
        "button.on_click(on_click)"
    )
    out, button = model(widgets, "out"), model(widgets, "button")
    first, second = click(widgets, button), click(widgets, button)
    widgets.until(lambda: captured(widgets, out).count("begins") == 2, "both handlers")
    assert widgets.ok("print('a cell')").stdout == "a cell\n"
    widgets.ok("go.put_nowait('first')")
    widgets.until(lambda: "first" in captured(widgets, out), "the first handler")
    widgets.ok("go.put_nowait('second')")
    first.wait_idle()
    second.wait_idle()
    assert captured(widgets, out) == "begins\nbegins\nfirst\nsecond\n"
    widgets.ok("button.on_click(on_click, remove=True)\nbutton.on_click(captured)")
    click(widgets, button).wait_idle()
    assert captured(widgets, out).endswith("second\ncaptured\n")
    widgets.check()


@pytest.mark.everloop_only("the front end has forgotten the message")
def test_a_task_that_a_handler_has_started_prints_into_an_output(widgets: Kernel) -> None:
    widgets.ok(
        OUTPUT + "async def work():\n    await go.get()\n    with out:\n        print('worked')\n"
        "def on_click(button):\n    global task\n    task = asyncio.create_task(work())\nbutton.on_click(on_click)"
    )
    out = model(widgets, "out")
    click(widgets, model(widgets, "button")).wait_idle()
    widgets.ok("go.put_nowait(None)\nawait task")
    assert captured(widgets, out) == "worked\n"


def test_a_background_task_prints_into_an_output(widgets: Kernel) -> None:
    widgets.ok(
        OUTPUT
        + "async def work():\n    with out:\n        while True: print(await go.get())\ntask = asyncio.create_task(work())"
    )
    out = model(widgets, "out")
    for text in ("one", "two"):
        widgets.ok(f"go.put_nowait('{text}')")
        widgets.until(lambda text=text: text in captured(widgets, out), text)
    assert widgets.ok("print('a cell')").stdout == "a cell\n"
    assert captured(widgets, out) == "one\ntwo\n"


@pytest.mark.everloop_only("ipywidgets swallows the cancellation")
def test_what_is_cancelled_ends_inside_of_an_output(widgets: Kernel) -> None:
    widgets.ok(
        OUTPUT
        + "async def work():\n    with out:\n        await go.get()\n    print('behind')\ntask = asyncio.create_task(work())"
    )
    cell = widgets.ok("await asyncio.sleep(0)\ntask.cancel()\nawait asyncio.wait([task])\ntask.cancelled()")
    assert cell.result == "True"


@pytest.mark.everloop_only("ipykernel raises CancelledError at an await")
def test_a_cell_is_still_a_cell_after_an_output(widgets: Kernel) -> None:
    """It can ask, and be interrupted."""
    cell = widgets.submit(
        "out = Output()\nwith out: print('inside')\nprint(input('?'))\nwith out: await asyncio.sleep(3600)\nprint('behind')"
    )
    widgets.answer(widgets.question(cell), "answer")
    cell.wait_for("answer")
    widgets.until_queued()
    widgets.until(lambda: len(updates(cell)) == 3, "the second block")
    widgets.interrupt("message")
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert "behind" not in cell.stdout


# -- interact


def test_interact_shows_anew(widgets: Kernel) -> None:
    cell = widgets.ok(
        "def double(x):\n    print('x is', x)\n    return 2 * x\ni = interactive(double, {'auto_display': True}, x=5)\ni"
    )
    assert "x is 5" in cell.stdout
    slider, out = model(widgets, "i.children[0]"), model(widgets, "i.out")
    update(widgets, slider, value=7).wait_idle()
    assert captured(widgets, out) == "x is 7\n14\n"
    assert widgets.ok("i.result").result == "14"


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_interact_with_an_async_function_is_not_shown_inside_of_itself(widgets: Kernel) -> None:
    cell = widgets.ok(
        "@interact(x=5)\nasync def double(x):\n    await asyncio.sleep(0)\n    print('x is', x)\n    return 2 * x"
    )
    (out,) = [
        opened["comm_id"]
        for opened in cell.published("comm_open")
        if opened["data"]["state"]["_model_name"] == "OutputModel"
    ]
    widgets.until(lambda: captured(widgets, out) == "x is 5\n10\n", "the first call")


@pytest.mark.everloop_only("ipywidgets drops coroutines")
def test_interact_with_an_async_function(widgets: Kernel) -> None:
    widgets.ok(
        "asked = []\nasync def double(x):\n    print('x is', x)\n    future = asyncio.get_running_loop().create_future()\n"
        "    asked.append(future)\n    await future\n    return 2 * x\n"
        "i = interactive(double, {'auto_display': True}, x=5)\ni"
    )
    slider, out = model(widgets, "i.children[0]"), model(widgets, "i.out")
    # The last call wins.
    for value in (6, 7):
        update(widgets, slider, value=value)
    widgets.until(lambda: captured(widgets, out) == "x is 7\n", "the last call")
    widgets.ok("asked[-1].set_result(None)")
    widgets.until(lambda: captured(widgets, out) == "x is 7\n14\n", "its value")
    assert widgets.ok("i.result, asked[0].cancelled(), asked[-1].cancelled()").result == "(14, True, False)"
    widgets.check()


# -- anywidget


ANYWIDGET = """
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    value = traitlets.Int(0).tag(sync=True)
    @anywidget.experimental.command
    def double(self, message, buffers):
        return 2 * message, [bytes(buffers[0])[::-1]]
counter = Counter()
"""


def test_anywidget_goes_both_ways(widgets: Kernel) -> None:
    widgets.ok(ANYWIDGET)
    counter = model(widgets, "counter")
    update(widgets, counter, value=4).wait_idle()
    assert updates(widgets.ok("counter.value += 1")) == [{"value": 5}]
    widgets.ok("counter.on_msg(lambda widget, content, buffers: widget.send({'got': content}, buffers))")
    (answer,) = custom(widgets, counter, "hello", [b"raw"]).wait_idle().entries("iopub", "comm_msg")
    assert answer.content["data"] == {"method": "custom", "content": {"got": "hello"}}
    assert [bytes(buffer) for buffer in answer.message["buffers"]] == [b"raw"]


def test_anywidget_commands(widgets: Kernel) -> None:
    widgets.ok(ANYWIDGET)
    command = {"id": "1", "kind": "anywidget-command", "name": "double", "msg": 21}
    (answer,) = custom(widgets, model(widgets, "counter"), command, [b"ab"]).wait_idle().entries("iopub", "comm_msg")
    assert answer.content["data"]["content"] == {"id": "1", "kind": "anywidget-command-response", "response": 42}
    assert [bytes(buffer) for buffer in answer.message["buffers"]] == [b"ba"]


def test_anywidget_of_any_object(widgets: Kernel) -> None:
    """It sends only through comms that have a kernel."""
    widgets.ok(
        "from anywidget.experimental import dataclass\n@dataclass(esm='export default { render() {} }')\n"
        "class Thing:\n    value: int = 0\nthing = Thing()"
    )
    shown = widgets.ok("thing").published("execute_result")[0]["data"]["application/vnd.jupyter.widget-view+json"]
    changed = widgets.ok("thing.value = 3")
    assert updates(changed) == [{"value": 3}]
    update(widgets, shown["model_id"], value=5).wait_idle()
    assert widgets.ok("thing.value").result == "5"
