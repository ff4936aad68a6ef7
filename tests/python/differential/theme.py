"""The cells of a theme, as a person writes them: one file of cells that run in order in one kernel.

A cell begins with a line ``# %% title`` and ends before the next one. A JSON object after the title says what is
special about the request: ``request`` is its type without ``_request`` (``execute`` if nothing is said), ``answers``
what the front end answers to questions, the rest are fields of its content. ``‸`` stands where the cursor is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THEMES = Path(__file__).parent / "themes"
CURSOR = "‸"

_TITLE = re.compile(r"^# %% (?P<title>[^{\n]+?) *(?P<fields>\{.*\})?\n", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    theme: str
    title: str
    code: str
    msg_type: str
    fields: dict[str, Any]
    answers: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.theme}: {self.title}"

    @property
    def content(self) -> dict[str, Any]:
        """What the request says."""
        code = self.code.replace(CURSOR, "", 1)
        if self.msg_type == "execute_request":
            # Without this, a kernel may ask the front end a question that nobody is there to answer.
            return {"code": code, "allow_stdin": bool(self.answers), **self.fields}
        if self.msg_type in ("complete_request", "inspect_request"):
            cursor = self.code.find(CURSOR)
            return {"code": code, "cursor_pos": len(code) if cursor < 0 else cursor, **self.fields}
        if self.msg_type == "is_complete_request":
            return {"code": code, **self.fields}
        return self.fields


def themes() -> list[str]:
    return sorted(path.stem for path in THEMES.glob("*.ipy"))


def cells(theme: str) -> list[Cell]:
    text = (THEMES / f"{theme}.ipy").read_text()
    titles = list(_TITLE.finditer(text))
    ends = [title.start() for title in titles[1:]] + [len(text)]
    found = [_cell(theme, title, text[title.end() : end]) for title, end in zip(titles, ends, strict=True)]
    names = [cell.title for cell in found]
    assert len(set(names)) == len(names), f"{theme}: a title stands for two cells"
    return found


def _cell(theme: str, title: re.Match[str], code: str) -> Cell:
    fields = json.loads(title["fields"] or "{}")
    msg_type = f"{fields.pop('request', 'execute')}_request"
    answers = tuple(fields.pop("answers", ()))
    # The empty lines between two cells belong to neither, but a cell may want its own.
    code = code.strip("\n") + "\n" * fields.pop("trailing_newlines", 0)
    return Cell(theme, title["title"], code, msg_type, fields, answers)
