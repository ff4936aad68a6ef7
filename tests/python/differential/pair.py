"""Two kernels that get the same requests."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from client import LIMIT, Kernel, KernelDied, Request

from differential.normalise import Normaliser
from differential.theme import Cell
from differential.transcript import Transcript

#: Themes of cells that need nothing of IPython, and so run in whichever shell everloop has at that moment. The cells of
#: the others always run in IPython's.
EITHER_SHELL = {"statements", "takeover"}


class Side:
    """One kernel, in a home and a folder where nothing was before."""

    def __init__(self, name: str, place: Path) -> None:
        self.name = name
        home, cwd = place / "home", place / "cwd"
        for folder in (home, cwd):
            folder.mkdir(parents=True)
        environment = {
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        normaliser = Normaliser({home: "<home>", cwd: "<cwd>", place: "<place>"})
        self._render = Transcript(normaliser)
        self._start = lambda: Kernel(name, cwd=cwd, env=environment).ready()
        self.kernel = self._start()

    def send(self, cell: Cell) -> Request:
        if cell.msg_type == "execute_request":
            return self.kernel.submit(**cell.content)
        return self.kernel.request(cell.msg_type, cell.content)

    def transcript(self, cell: Cell, request: Request) -> str:
        try:
            for answer in cell.answers:
                self.kernel.answer(self.kernel.question(request, LIMIT), answer)
            return self._render.of(request.wait(LIMIT))
        except KernelDied as died:
            # The cells that follow have lost what this one knew, which they will say.
            self.kernel.close()
            self.kernel = self._start()
            return f"the kernel died: {died}"
        except AssertionError as waited:
            return f"no answer: {waited}"

    def close(self) -> None:
        self.kernel.close()


class Transcripts(NamedTuple):
    """What the two kernels said to one cell."""

    reference: str
    tested: str


def run(theme: list[Cell], reference: str, tested: str, place: Path) -> dict[str, Transcripts]:
    """The transcripts of a theme by the titles of its cells, in two kernels that run side by side."""
    sides = [Side(reference, place / "reference"), Side(tested, place / "tested")]
    try:
        if theme[0].theme not in EITHER_SHELL:
            for side in sides:
                side.kernel.ok("get_ipython()", silent=True)
        found = {}
        for cell in theme:
            requests = [side.send(cell) for side in sides]
            pairs = zip(sides, requests, strict=True)
            found[cell.title] = Transcripts(*(side.transcript(cell, request) for side, request in pairs))
        return found
    finally:
        for side in sides:
            side.close()
