"""What a kernel said to one request, as text that can be compared and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from client import Entry, Request, plain

Normalise = Callable[[str], str]

Lines = list[str]


class Transcript:
    """Renders the messages of one request; `normalise` takes out of a text what may differ."""

    def __init__(self, normalise: Normalise) -> None:
        self._normalise = normalise

    def of(self, request: Request) -> str:
        published = [entry for entry in request.entries("iopub") if entry.type != "status"]
        lines: Lines = []
        for entry in _join_streams(published):
            if entry.type == "execute_input":
                lines += [_input(entry, is_counted=_is_counted(request))]
            else:
                lines += self._published(entry)
        for entry in request.entries("stdin", "input_request"):
            lines += self._block("input_request", json.dumps(entry.content, sort_keys=True))
        lines += self._reply(request)
        return "\n".join(lines) + "\n"

    def _published(self, entry: Entry) -> Lines:
        content = entry.content
        if entry.type == "stream":
            return self._block(content["name"], content["text"])
        if entry.type == "error":
            return ["error", *self._error(content)]
        if entry.type in ("display_data", "update_display_data", "execute_result"):
            number = f" [{content['execution_count']}]" if "execution_count" in content else ""
            return [f"{entry.type}{number}", *self._bundle(content)]
        return self._block(entry.type, _json(content))

    def _reply(self, request: Request) -> Lines:
        (reply,) = request.replies
        content = dict(reply.content)
        if reply.type != "execute_reply":
            return self._block(reply.type, self._lookup(content))
        lines = [f"{reply.type} {content['status']} [{content.get('execution_count')}]"]
        if content["status"] == "error":
            lines += _indented([self._names(content)])
        for payload in content.get("payload", ()):
            lines += ["  payload", *_indented(self._payload(payload))]
        for name, value in content.get("user_expressions", {}).items():
            shown = self._error(value) if value["status"] == "error" else self._bundle(value)
            lines += [f"  {name}: {value['status']}", *_indented(shown)]
        return lines

    def _payload(self, payload: dict[str, Any]) -> Lines:
        if "data" not in payload:
            return self._block(payload["source"], _json(payload))
        rest = {name: value for name, value in payload.items() if name not in ("source", "data")}
        return [f"{payload['source']} {json.dumps(rest, sort_keys=True)}", *self._bundle(payload)]

    def _lookup(self, content: dict[str, Any]) -> str:
        """A reply that is no execution's: its mime bundle readable, the rest as JSON."""
        data = content.pop("data", {})
        return "\n".join([_json(content), *self._bundle({"data": data})])

    def _bundle(self, content: dict[str, Any]) -> Lines:
        lines: Lines = []
        for mime in sorted(content["data"]):
            value = content["data"][mime]
            lines += self._block(f"  {mime}", value if isinstance(value, str) else _json(value))
        for name in ("metadata", "transient"):
            if content.get(name):
                lines += self._block(f"  {name}", _json(content[name]))
        return lines

    def _error(self, content: dict[str, Any]) -> Lines:
        traceback = self._normalise(plain("\n".join(content["traceback"])))
        return _indented([self._names(content), *traceback.splitlines()])

    def _names(self, content: dict[str, Any]) -> str:
        return self._normalise(f"{content.get('ename')}: {content.get('evalue')}")

    def _block(self, title: str, text: str) -> Lines:
        depth = len(title) - len(title.lstrip())
        # A last line without a newline is another text than one with it.
        shown = self._normalise(plain(text))
        end = "" if shown.endswith("\n") or not shown else "␄"
        return [title, *(" " * depth + line for line in _indented((shown + end).splitlines()))]


def _is_counted(request: Request) -> bool:
    content = request.message["content"]
    return bool(content["code"].strip()) and content["store_history"] and not content["silent"]


def _input(entry: Entry, *, is_counted: bool) -> str:
    """Without its number when the cell has none: then ipykernel gives that of the next cell, but not in the reply."""
    return f"execute_input [{entry.content['execution_count']}]" if is_counted else "execute_input"


def _join_streams(entries: Iterable[Entry]) -> list[Entry]:
    """Text between two other messages, first all of stdout and then all of stderr.

    How text is cut into messages, and which of the two streams is flushed first, is up to the kernel.
    """
    joined: list[Entry] = []
    waiting: dict[str, Entry] = {}

    def flush() -> None:
        joined.extend(waiting[name] for name in sorted(waiting, reverse=True))
        waiting.clear()

    for entry in entries:
        if entry.type != "stream":
            flush()
            joined.append(entry)
            continue
        before = waiting.get(entry.content["name"])
        text = (before.content["text"] if before else "") + entry.content["text"]
        message = {**entry.message, "content": {**entry.content, "text": text}}
        waiting[entry.content["name"]] = entry._replace(message=message)
    flush()
    return joined


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _indented(lines: Iterable[str]) -> Lines:
    return [f"  {line}".rstrip() for line in lines]
