"""The tables that `kernel/src/cell/` is tested with, judged by CPython and IPython themselves."""

import ast
import inspect
import re
import sys
import warnings
from pathlib import Path

import pytest
from cell_judges import completeness, needs_ipython

TABLES = Path(__file__).parents[3] / "kernel" / "src" / "cell" / "tables"


def rows(name):
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("##"):
            expected, code = line.split("\t")
            yield expected, unescape(code)


def unescape(code):
    return re.sub(r"\\(?:u{(\w+)}|(.))", lambda match: ESCAPES.get(match[2]) or chr(int(match[1], 16)), code)


ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def is_coroutine(code):
    try:
        compiled = compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return "error"
    return bool(compiled.co_flags & inspect.CO_COROUTINE)


@pytest.mark.parametrize(("construct", "code"), list(rows("asynchrony.txt")))
def test_cpython_agrees_on_what_is_asynchronous(construct, code):
    skip_what_an_older_python_says_otherwise(code)
    if compile_needs_newer_python(code):
        pytest.skip("the syntax is newer than this Python")
    verdicts = {"sync": False, "error": "error"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        assert is_coroutine(code) == verdicts.get(construct, True)


#: What Python judges otherwise before 3.12, which has a new tokenizer, the statement `type`, and asynchronous
#: comprehensions that make a coroutine of a cell from inside of others, too.
SINCE_3_12 = {
    "[(await i for i in x) for _ in y]",
    "[(i async for i in x) for _ in y]",
    "foo(1 2",
    "foo(1 2\n",
    "x = 1\n)",
    'f"abc',
    'f"{x}',
    "type X = int",
    '"\\d"',
}


def skip_what_an_older_python_says_otherwise(code):
    if sys.version_info < (3, 12) and code in SINCE_3_12:
        pytest.skip("Python 3.12 changed its mind about this")


def compile_needs_newer_python(code):
    """Defaults of type parameters came with Python 3.13, the `type` statement with 3.12."""
    try:
        compile("class C[T = int]: pass", "<probe>", "exec")
    except SyntaxError:
        return "[T" in code or code.startswith("type ")
    return False


@needs_ipython
def test_ipython_agrees_on_what_is_complete(tmp_path):
    table = list(rows("completeness.txt"))
    answers = completeness([code for _, code in table], tmp_path)
    wrong = [
        (code, expected, answer)
        for (expected, code), answer in zip(table, map(describe, answers), strict=True)
        if answer != expected.split(" != ")[-1]
    ]
    assert wrong == []


def describe(answer):
    status, indent = answer
    return status if indent is None else f"{status} {indent}"
