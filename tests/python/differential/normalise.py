"""What may be different between two kernels that do the same: where, when and on which Python they ran."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

SITE_PACKAGES = sysconfig.get_paths()["purelib"]

#: Pattern, what it becomes. Applied in this order, each to the whole text.
RULES = [
    # The file that a cell is compiled as; a SyntaxError names it in another way.
    (r"<?/[\w/.-]*/ipykernel_\d+/\d+\.py>?|<everloop-cell-\d+(-\d+)?>|<ipython-input-\d+-\w+>", "<cell file>"),
    (r"\((\d+\.py|Cell In\[\d+\]), line", "(<cell file>, line"),
    # What is wrong with the syntax is said by the compiler, in its own words.
    (r"\b((?:Syntax|Indentation|Tab)Error): [^\n]*?(?= \([^()\n]*, line \d+\)|\n|$)", r"\1: …"),
    # Objects, comms, displays.
    (r"0x[0-9a-fA-F]+", "0x…"),
    (r"\bobject at [0-9a-f]{6,}", "object at …"),
    (r"\b([0-9a-f]{16}){1,2}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<id>"),
    # Temporary files.
    (r"/ipython_edit_\w+/ipython_edit_\w+\.py", "/<file to edit>"),
    # Times, with or without a deviation.
    (r"\b[\d.]+(e[+-]?\d+)? ?(ns|us|µs|μs|ms|s|min)\b", "<time>"),
    (r"\d\d:\d\d:\d\d", "<hour>"),
    # A version of Python.
    (r"\bpython3\.\d+\b", "python3"),
]


class Normaliser:
    """Takes the places of one kernel out of what it says."""

    def __init__(self, places: dict[Path, str]) -> None:
        # The longest first: one may lie in another.
        ordered = sorted(places, key=lambda place: len(str(place)), reverse=True)
        self._rules = [(re.compile(re.escape(str(place))), places[place]) for place in ordered]
        self._rules.append((re.compile(re.escape(SITE_PACKAGES)), "<site-packages>"))
        self._rules += [(re.compile(pattern), to) for pattern, to in RULES]

    def __call__(self, text: str) -> str:
        text = _STANDARD_FRAME.sub("", _FRAME.sub("", _MARKER.sub("", text)))
        text = _RUNNING.sub("", _NO_SOURCE.sub("", text))
        text = _CELL_FRAME.sub(_failing_line, text)
        for pattern, to in self._rules:
            text = pattern.sub(to, text)
        return text


# A line under a line of code that marks a part of it: which part is Python's own choice.
_MARKER = re.compile(r"^[ |]*[\^~]+[ ^~]*\n", re.MULTILINE)

# A frame of the standard library (a frozen one has a module for a file) or of ipykernel itself, in IPython's layout
# (with its lines of code) and in Python's.
_LIBRARY = r"(/[^\n:\"]*/lib/python3\.\d+/(?!site-packages/(?!ipykernel/))[^\n:\"]*|<frozen [^\n:>]*>|[\w.]+(?=:))"
_LINES = r"( *-*>? *\d+ [^\n]*\n| +\d+\n| +\(\.\.\.\)[^\n]*\n)*"
_FRAME = re.compile(rf"^File {_LIBRARY}:\d+[^\n]*\n{_LINES}\n?", re.MULTILINE)
# A frame of code in a string, of which there are no lines; which of the standard library's are left out depends on its version.
_NO_SOURCE = re.compile(r"^File <string>:\d+[^\n]*\n[^\n]*Could not get source, probably due[^\n]*\n\n?", re.MULTILINE)
_STANDARD_FRAME = re.compile(
    rf"^([ |]*)File \"({_LIBRARY}|[\w.]+)\", line \d+, in [^\n]*\n(\1  [^\n]*\n)*", re.MULTILINE
)

# IPython's frames that compile code and run the cell: the kernel may do the one itself, and await the other or not.
_RUNNING = re.compile(
    r"^[ |]*File \"?/[^\n]*/IPython/core/\w+\.py\"?(, line |:)\d+,? in (run_code|ast_parse)\n([ |].*\n)?\n?",
    re.MULTILINE,
)

# A frame of a cell. IPython does not find the files that ipykernel says its cells are in, so it shows the lines around
# the one that failed as they are; where it finds them it shows whole statements, and indents them less.
_CELL_FRAME = re.compile(rf"^(Cell In\[\d+\], line \d+[^\n]*\n)({_LINES})", re.MULTILINE)
_FAILING = re.compile(r"^-+> (\d+) *([^\n]*\n)", re.MULTILINE)


def _failing_line(frame: re.Match[str]) -> str:
    failing = _FAILING.search(frame[2])
    return frame[1] + (f"--> {failing[1]} {failing[2]}" if failing else frame[2])
