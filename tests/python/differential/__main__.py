"""``python -m differential [KERNEL] [THEME...]``, in tests/python: each cell with its transcript, or where two differ."""

from __future__ import annotations

import argparse
import difflib
import tempfile
from pathlib import Path

from client import KERNEL_NAME

from differential.pair import Transcripts, run
from differential.theme import Cell, cells, themes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m differential", description="Cells in two kernels.")
    parser.add_argument("themes", nargs="*", help="file names in themes/, all of them if none is given")
    parser.add_argument("--kernel", default=KERNEL_NAME)
    parser.add_argument("--reference", default="python3")
    parser.add_argument("--all", action="store_true", help="also the cells that do not differ")
    options = parser.parse_args()
    unknown = set(options.themes) - set(themes())
    if unknown:
        parser.error(f"no such theme: {', '.join(sorted(unknown))}")
    differing = total = 0
    for theme in options.themes or themes():
        with tempfile.TemporaryDirectory() as place:
            found = run(cells(theme), options.reference, options.kernel, Path(place))
        for cell in cells(theme):
            total += 1
            transcripts = found[cell.title]
            differs = transcripts.reference != transcripts.tested
            differing += differs
            if differs or options.all:
                print(_shown(cell, transcripts))
    print(f"{differing} of {total} cells differ")


def _shown(cell: Cell, transcripts: Transcripts) -> str:
    code = "\n".join(f"│ {line}" for line in cell.code.splitlines())
    return f"=== {cell.name}\n{code}\n{_difference(transcripts)}"


def _difference(transcripts: Transcripts) -> str:
    if transcripts.reference == transcripts.tested:
        return transcripts.reference
    texts = (text.splitlines(keepends=True) for text in (transcripts.reference, transcripts.tested))
    return "".join(difflib.unified_diff(*texts, "reference", "tested", n=30))


if __name__ == "__main__":
    main()
