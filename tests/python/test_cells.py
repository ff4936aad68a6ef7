"""The pages of ``tests/cells``: what a reader would see in a notebook is what the kernel shows.

A block ``python`` is a cell, the block ``text`` after it what the notebook then shows; without one it shows nothing.
``text cell 2`` is what the second cell shows a while after that, since tasks go on. A block ``input`` holds the
lines that the reader types when the cell asks, a block ``python NAME.py`` a file of the profile.

In an expected text ``{time}``, ``{number}`` and ``{address}`` stand for one, ``{any}`` for the rest of a line, and a line
``...`` for any lines. Each page has a kernel of its own. A cell that begins with ``%%concurrent`` runs on while the page goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from client import Kernel, Request, plain

PAGES = Path(__file__).parents[1] / "cells"

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PATTERNS = {
    "{time}": r"[\d.]+(e[+-]?\d+)? ?(ns|µs|μs|us|ms|s|min)( [\d.]+ ?s)?",
    "{number}": r"\d+",
    "{address}": r"0x[0-9a-fA-F]+",
    "{any}": r"[^\n]*",
}
_PATTERN = re.compile("|".join(map(re.escape, _PATTERNS)))


@dataclass
class Cell:
    code: str
    answers: list[str] = field(default_factory=list)
    #: None if only what it shows after a while is said.
    shows: str | None = ""
    #: Number of a cell, the first is 1, and what it shows a while after the end of this one.
    goes_on: dict[int, str] = field(default_factory=dict)


@dataclass
class Page:
    cells: list[Cell] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Page:
    page = Page()
    for block in _BLOCK.finditer(path.read_text()):
        kind, _, rest = block["info"].partition(" ")
        if kind == "python" and rest:
            page.files[rest] = block["text"]
        elif kind == "python":
            page.cells.append(Cell(block["text"].rstrip("\n")))
        elif kind == "input":
            page.cells[-1].answers = block["text"].splitlines()
        elif kind == "text" and rest:
            number = int(rest.removeprefix("cell "))
            page.cells[-1].goes_on[number] = block["text"]
            if number == len(page.cells):
                page.cells[-1].shows = None
        elif kind == "text":
            page.cells[-1].shows = block["text"]
    return page


@pytest.mark.everloop_only("IPython cannot await in magics, nor run trio beside asyncio")
@pytest.mark.parametrize("path", sorted(PAGES.glob("[a-z]*.md")), ids=lambda path: path.stem)
def test_page(path: Path, start_kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    page = read(path)
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    for name, text in page.files.items():
        (profile / name).write_text(text)
    kernel = start_kernel(env={"IPYTHONDIR": str(profile.parent)})
    requests: list[Request] = []
    for cell in page.cells:
        requests.append(kernel.submit(cell.code))
        for answer in cell.answers:
            kernel.answer(kernel.question(requests[-1]), answer)
        where = f"{path.name}, cell {len(requests)}:\n{cell.code}"
        if cell.code.startswith("%%concurrent"):
            wait_shown(kernel, requests[-1], cell.shows or "", where)
            continue
        requests[-1].wait()
        if cell.shows is not None:
            matches = compiled(cell.shows).fullmatch(shown(requests[-1]))
            assert matches, f"{where}\n-- expected\n{cell.shows}-- shown\n{shown(requests[-1])}"
        for number, expected in cell.goes_on.items():
            wait_shown(kernel, requests[number - 1], expected, f"{where}\n-- cell {number}")
    for request in requests:
        request.wait()


def wait_shown(kernel: Kernel, request: Request, expected: str, where: str) -> None:
    pattern = compiled(expected)
    try:
        kernel.until(lambda: pattern.fullmatch(shown(request)), "the transcript")
    except AssertionError:
        raise AssertionError(f"{where}\n-- expected\n{expected}-- shown\n{shown(request)}") from None


def compiled(expected: str) -> re.Pattern[str]:
    lines = [r"(?:[^\n]*\n)*" if line == "..." else _line(line) for line in expected.splitlines()]
    return re.compile("".join(lines))


def _line(line: str) -> str:
    literals = _PATTERN.split(line)
    patterns = [_PATTERNS[name] for name in _PATTERN.findall(line)]
    return "".join(re.escape(text) + pattern for text, pattern in zip(literals, [*patterns, ""], strict=True)) + "\n"


def shown(request: Request) -> str:
    """What the notebook has under the cell, without its colours."""
    texts = []
    for entry in request.entries("iopub"):
        content = entry.content
        if entry.type == "stream":
            texts.append(content["text"])
            continue
        if entry.type == "display_data":
            text = content["data"]["text/plain"]
        elif entry.type == "execute_result":
            text = f"Out[{content['execution_count']}]: {content['data']['text/plain']}"
        elif entry.type == "error":
            text = "\n".join(content["traceback"])
        else:
            continue
        texts.append(text.rstrip("\n") + "\n")
    lines = plain("".join(texts)).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)
