"""The cell transformer, judged by IPython: over the table of cases, over generated cells, and over Python's library."""

import os
from pathlib import Path

import pytest
from cell_judges import everloop, ipython, needs_ipython
from cells import Grammar
from test_cell_tables import TABLES, unescape


def table():
    for line in (TABLES / "transform.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("##"):
            kind, cell, python = line.split("\t")
            yield kind, unescape(cell), unescape(python)


def describe(answer):
    if answer.arguments is None:
        return "ipython" if answer.uses_ipython else "plain", answer.text
    return "error", f"{answer.text}: {answer.arguments[0]}"


@needs_ipython
def test_ipython_agrees_with_the_table(tmp_path):
    rows = list(table())
    answers = ipython([cell for _, cell, _ in rows], tmp_path)
    wrong = [
        (cell, (kind, python), describe(answer))
        for (kind, cell, python), answer in zip(rows, answers, strict=True)
        if describe(answer) != (kind, python)
    ]
    assert wrong == []


INDENTATION = {"IndentationError", "TabError"}


def excluded(cell, ours, theirs):
    """Why an answer need not be IPython's."""
    if theirs.text in INDENTATION and (ours.uses_ipython or ours.text in INDENTATION):
        # IPython tokenizes what follows a command as if the command were Python: a quote or bracket that is open in it,
        # or a backslash after a `#`, lets it see the following lines at another depth. Ours reads them after the
        # command was replaced. If it refuses them too, the line has the number that it has in the cell.
        return "indentation after a command"
    if theirs.text == "SystemError":
        # CPython's tokenizer breaks down over a null character in the first line of a block.
        return "null character"
    if theirs.text == "IndexError":
        # IPython looks for a name after the last token, if a cell ends in `x = %` and an open string.
        return "nothing after a percent sign"
    if "{unclosed" in cell:
        # CPython's tokenizer counts columns wrongly when a string begins in a field that was left open and ends on
        # another line. IPython then cuts its commands from the wrong place.
        return "open field of an f-string"
    if "t'{" in cell:
        # Ours knows the t-strings of Python 3.14; the Python of the judge may not.
        return "t-string"
    return None


@needs_ipython
@pytest.mark.parametrize("seed", os.environ.get("CELL_SEEDS", "1 2 3").split())
def test_generated_cells_become_what_ipython_makes_of_them(seed, tmp_path):
    grammar = Grammar(seed)
    cells = [grammar.cell() for _ in range(4000)]
    answers = list(zip(cells, everloop(cells, tmp_path), ipython(cells, tmp_path), strict=True))
    different = [row for row in answers if row[1] != row[2]]
    wrong = [row for row in different if not excluded(*row)]
    assert sorted(wrong, key=lambda row: len(row[0]))[:5] == []
    assert len(different) < 0.02 * len(cells)
    # The grammar writes all three kinds, and not only what is left alone.
    kinds = [describe(ours)[0] for _, ours, theirs in answers if ours == theirs]
    assert min(map(kinds.count, ("plain", "ipython", "error"))) > 0.03 * len(cells)


@needs_ipython
def test_the_library_of_python_is_left_alone(tmp_path):
    files = sorted(Path(os.__file__).parent.glob("*.py"))
    cells = [text for text in map(read, files[::3]) if len(text) < 100_000]
    assert len(cells) > 20
    ours = everloop(cells, tmp_path)
    assert ours == ipython(cells, tmp_path)
    assert not any(answer.uses_ipython for answer in ours)


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def test_errors_are_those_of_python(tmp_path):
    indentation, tabs, endless = everloop(["if x:\n    y\n  é", "if x:\n        y\n\tz", "," * 600], tmp_path)
    message = "unindent does not match any outer indentation level"
    assert indentation == ("IndentationError", False, [message, ["<string>", 3, 4, "  é", None, None]])
    message = "inconsistent use of tabs and spaces in indentation"
    assert tabs == ("TabError", False, [message, ["<string>", 3, 3, "\tz", None, None]])
    message = "Input transformation still changing after 500 iterations. Aborting."
    assert endless == ("RuntimeError", False, [message])


def test_a_cell_has_any_number_of_magics(tmp_path):
    """IPython gives up after 500."""
    (answer,) = everloop(["%time\n" * 10_000], tmp_path)
    assert answer == ("get_ipython().run_line_magic('time', '')\n" * 10_000, True, None)
