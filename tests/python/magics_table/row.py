"""A row of the table: cells, and what has to come of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from client import Kernel, Request, plain

WORKS, DIFFERS, DOES_NOT_WORK = "works", "differs", "does not work"

#: A text that has to be contained, or a pattern that has to be found.
Text = str | re.Pattern[str]


@dataclass(frozen=True)
class Try:
    """A cell and what it has to do. With nothing said it only has to succeed: it sets the scene for the others."""

    code: str
    stdout: Text | None = None
    stderr: Text | None = None
    #: The text of the value, all of it unless it is a pattern.
    result: Text | None = None
    #: The text in the pager.
    page: Text | None = None
    #: What a payload has to have.
    payload: dict[str, Any] | None = None
    #: MIME types and what is in what is displayed as them.
    data: dict[str, Text] = field(default_factory=dict)
    #: A message of this type is published.
    published: str | None = None
    traceback: Text | None = None
    #: "Name: message" of the error that fails the cell.
    error: Text | None = None
    #: What stderr has of the UsageError that fails the cell.
    usage: Text | None = None
    #: It says nothing.
    silent: bool = False
    #: Whether the front end answers questions.
    allow_stdin: bool = True
    #: A program of the machine that the cell needs.
    needs: str | None = None

    @property
    def expects(self) -> bool:
        """Whether more is expected than success."""
        return self != Try(self.code, allow_stdin=self.allow_stdin, needs=self.needs)

    def run(self, kernel: Kernel) -> None:
        """Run the cell, and hold what came of it against what is expected."""
        cell = kernel.run(self.code, allow_stdin=self.allow_stdin)
        fails = self.error is not None or self.usage is not None
        assert cell.reply["status"] == ("error" if fails else "ok"), kernel.transcript_text()
        for what, found, expected in self._observations(cell):
            assert has(found, expected), f"{self.code}\n{what}: {found!r}\nexpected: {expected!r}"

    def _observations(self, cell: Request) -> list[tuple[str, str, Text]]:
        error = f"{cell.reply.get('ename')}: {cell.reply.get('evalue')}"
        payloads = cell.reply.get("payload", [])
        pages = [plain(payload["data"]["text/plain"]) for payload in payloads if payload["source"] == "page"]
        texts = [
            ("stdout", plain(cell.stdout), self.stdout),
            ("stderr", plain(cell.stderr), self.stderr),
            ("result", cell.result or "", exact(self.result)),
            ("page", "".join(pages), self.page),
            ("published", " ".join(cell.published_types), self.published),
            ("traceback", cell.traceback if self.traceback else "", self.traceback),
            ("error", error, self.error),
            ("usage", plain(cell.stderr), self.usage),
            ("output", cell.stdout + cell.stderr, exact("") if self.silent else None),
        ]
        bundles = [content["data"] for content in cell.published("display_data")]
        texts += [(mime, "".join(bundle.get(mime, "") for bundle in bundles), text) for mime, text in self.data.items()]
        if self.payload is not None:
            texts += [(f"payload.{key}", joined(payloads, key), exact(value)) for key, value in self.payload.items()]
        return [(what, found, expected) for what, found, expected in texts if expected is not None]


def has(found: str, expected: Text) -> bool:
    """Whether what was expected was found."""
    return bool(expected.search(found)) if isinstance(expected, re.Pattern) else expected in found


def exact(text: Any) -> re.Pattern[str] | None:
    """A pattern of `text` and nothing more; a pattern stays what it is."""
    if text is None or isinstance(text, re.Pattern):
        return text
    return re.compile(rf"\A{re.escape(text if isinstance(text, str) else json.dumps(text))}\Z")


def joined(payloads: list[dict[str, Any]], key: str) -> str:
    """The values of `key` in the payloads."""
    values = [payload[key] for payload in payloads if key in payload]
    return " ".join(value if isinstance(value, str) else json.dumps(value) for value in values)


class Row:
    """Magics, by their names with `%` or `%%`, and what is tried of them."""

    def __init__(self, names: str, note: str, *tries: Try, verdict: str = WORKS, only_here: str = "") -> None:
        self.names = names.split()
        self.note = note
        self.tries = tries
        self.verdict = verdict
        #: What ipykernel does instead, where that is not what the cells expect.
        self.only_here = only_here

    def __repr__(self) -> str:
        return " ".join(self.names)

    def calls(self, name: str) -> list[Try]:
        """The cells that call the magic `name`."""
        call = re.compile(rf"^{re.escape(name)}(?!\w)", re.MULTILINE)
        return [cell for cell in self.tries if call.search(cell.code)]
