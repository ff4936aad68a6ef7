"""`jupyter qtconsole` without a screen, used through the keys of its window.

`python qt_console.py KERNEL DIRECTORY` prints what was seen as JSON and leaves pictures of the window in DIRECTORY.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from qtconsole.qtconsoleapp import JupyterQtConsoleApp
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

LIMIT = float(os.environ.get("EVERLOOP_TEST_LIMIT", "30"))


class Window:
    def __init__(self, kernel: str, directory: Path) -> None:
        self.directory = directory
        self.app = JupyterQtConsoleApp.instance()
        self.app.initialize([f"--kernel={kernel}", "--no-confirm-exit"])
        self.window, self.widget = self.app.window, self.app.widget
        self.window.resize(900, 760)
        self.window.show()
        self.number = 0

    @property
    def text(self) -> str:
        return self.widget._control.toPlainText()

    @property
    def output(self) -> str:
        """What stands under the cell that was run last."""
        return self.text.rpartition(f"In [{self.number}]:")[2]

    def until(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LIMIT
        while not happened():
            if time.monotonic() > deadline:
                self.picture("failed")
                raise SystemExit(f"waited for {what}; the window shows:\n{self.text}")
            self.app.app.processEvents()
            time.sleep(0.005)

    def until_text(self, text: str) -> None:
        self.until(lambda: text in self.output, repr(text))

    def prompt(self) -> None:
        self.number += 1
        self.until(lambda: self.text.endswith(f"In [{self.number}]: "), f"the prompt {self.number}")

    def type(self, text: str) -> None:
        QTest.keyClicks(self.widget._control, text)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.NoModifier) -> None:
        QTest.keyClick(self.widget._control, key, modifier)

    def enter(self, text: str) -> None:
        self.type(text)
        self.key(Qt.Key_Return)

    def run(self, code: str) -> str:
        """What was shown below a line of code, when the next prompt is there."""
        self.enter(code)
        number = self.number
        self.prompt()
        return self.text.rpartition(f"In [{number}]:")[2].rpartition("In [")[0].partition("\n")[2].strip()

    def clear(self) -> None:
        self.widget.input_buffer = ""

    def images(self) -> int:
        """Pictures stand in the text as this character."""
        return self.text.count("\N{OBJECT REPLACEMENT CHARACTER}")

    def picture(self, name: str) -> None:
        self.window.grab().save(str(self.directory / f"{name}.png"))


def complete(window: Window) -> dict[str, str]:
    """One completion is typed, of several the common part is typed and all are shown."""
    window.type("x = a_long_na")
    window.key(Qt.Key_Tab)
    window.until(lambda: window.widget.input_buffer == "x = a_long_name", "the completion")
    one = window.widget.input_buffer
    window.clear()
    window.type("a_n")
    window.key(Qt.Key_Tab)
    window.until_text("a_name_two")
    several = window.output
    window.picture("completion")
    window.key(Qt.Key_Escape)
    window.clear()
    return {"one": one, "several": several}


def call_tip(window: Window) -> str:
    tip = window.widget._call_tip_widget
    window.type("a_function(")
    window.until(tip.isVisible, "the call tip")
    text = tip.text()
    window.clear()
    return text


def ask(window: Window) -> str:
    window.enter("from getpass import getpass; name, secret = input('wh' + 'o? '), getpass('sec' + 'ret? ')")
    window.until_text("who? ")
    window.enter("Ada")
    window.until_text("secret? ")
    window.enter("s3cret")
    window.prompt()
    return window.run("name, len(secret)")


def interrupt(window: Window, code: str) -> str:
    window.enter(code)
    window.until_text("begun\n")
    window.key(Qt.Key_C, Qt.ControlModifier)
    number = window.number
    window.prompt()
    return window.text.rpartition(f"In [{number}]:")[2]


def pager(window: Window) -> str:
    """What fits into the window is shown in the text, and more in a pager."""
    control = window.widget._page_control
    window.run("a_function.__doc__ = 'A long explanation.\\n' * 100")
    window.enter("a_function?")
    window.until(control.isVisible, "the pager")
    text = control.toPlainText()
    window.picture("pager")
    QTest.keyClick(control, Qt.Key_Q)
    window.until(lambda: not control.isVisible(), "the end of the pager")
    window.prompt()
    return text


def see(window: Window) -> dict[str, object]:
    window.prompt()
    seen: dict[str, object] = {"banner": window.text}
    seen["sum"] = window.run("1 + 1")
    window.run("import asyncio; a_long_name = a_name_one = a_name_two = 1")
    seen["awaited"] = window.run("await asyncio.sleep(0.01, 'slept')")
    window.run("a_function = lambda first, second=2: first")
    seen["completed"] = complete(window)
    seen["call tip"] = call_tip(window)
    seen["answers"] = ask(window)
    seen["error"] = window.run("1 / 0")
    seen["interrupted"] = {
        "busy": interrupt(window, "while print('beg' + 'un') is None: __import__('time').sleep(3600)"),
        "awaiting": interrupt(window, "print('beg' + 'un'); await asyncio.sleep(3600)"),
    }
    window.run(
        "task = asyncio.create_task(asyncio.sleep(0.05)); task.add_done_callback(lambda task: print('background'))"
    )
    window.until(lambda: "\nbackground" in window.text, "the output of a task")
    seen["pager"] = pager(window)
    window.run("from IPython.display import SVG, Image")
    circle = "<circle cx='60' cy='25' r='20' fill='orange'/>"
    window.run(f"""SVG("<svg xmlns='http://www.w3.org/2000/svg' width='120' height='50'>{circle}</svg>")""")
    seen["svg"] = window.images()
    window.picture("window")
    window.run(f"Image({str(window.directory / 'window.png')!r}, width=200)")
    seen["png"] = window.images()
    window.picture("window")
    window.enter("exit")
    window.until(lambda: not window.window.isVisible(), "the end of the window")
    return seen


if __name__ == "__main__":
    print(json.dumps(see(Window(sys.argv[1], Path(sys.argv[2])))), flush=True)
    # Qt's objects do not always survive the end of the interpreter.
    os._exit(0)
