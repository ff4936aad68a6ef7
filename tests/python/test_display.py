"""display, update_display, clear_output, the representations of objects, tracebacks."""

from __future__ import annotations

import pytest
from client import Kernel

DISPLAY = "from IPython.display import clear_output, display, update_display\n"

SURROGATE = pytest.mark.everloop_only("a lone surrogate ends ipykernel's reply")


@pytest.fixture
def kernel(kernel: Kernel) -> Kernel:
    kernel.ok(DISPLAY)
    return kernel


def test_display(kernel: Kernel) -> None:
    cell = kernel.ok("display('a', 2)")
    assert [content["data"] for content in cell.published("display_data")] == [
        {"text/plain": "'a'"},
        {"text/plain": "2"},
    ]
    assert cell.published("display_data")[0]["metadata"] == {}


def test_display_is_a_builtin(fresh_kernel: Kernel) -> None:
    assert fresh_kernel.ok("display('no import')").published("display_data")[0]["data"]["text/plain"] == "'no import'"


@pytest.mark.parametrize(
    ("method", "mime", "value"),
    [
        ("_repr_html_", "text/html", "<b>x</b>"),
        ("_repr_markdown_", "text/markdown", "**x**"),
        ("_repr_latex_", "text/latex", "$x$"),
        ("_repr_svg_", "image/svg+xml", "<svg></svg>"),
        ("_repr_json_", "application/json", {"x": [1, 2]}),
        ("_repr_javascript_", "application/javascript", "x"),
        ("_repr_png_", "image/png", b"\x89PNG\r\n\x1a\nrest"),
        ("_repr_jpeg_", "image/jpeg", b"\xff\xd8\xffrest"),
        ("_repr_pdf_", "application/pdf", b"%PDF-1.4"),
    ],
)
def test_representations(kernel: Kernel, method: str, mime: str, value: object) -> None:
    import base64

    code = f"class Thing:\n    def {method}(self): return {value!r}\n    def __repr__(self): return 'Thing()'\nThing()"
    data = kernel.ok(code).published("execute_result")[0]["data"]
    assert data["text/plain"] == "Thing()"
    shown = data[mime]
    assert base64.b64decode(shown) == value if isinstance(value, bytes) else shown == value


def test_mimebundle(kernel: Kernel) -> None:
    code = """
class Thing:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/html': '<i>x</i>', 'text/plain': 'x'}, {'text/html': {'isolated': True}}
Thing()
"""
    result = kernel.ok(code).published("execute_result")[0]
    assert result["data"] == {"text/html": "<i>x</i>", "text/plain": "x"}
    assert result["metadata"] == {"text/html": {"isolated": True}}


def test_a_representation_with_metadata(kernel: Kernel) -> None:
    code = "class Thing:\n    def _repr_png_(self): return b'\\x89PNG', {'width': 10}\nThing()"
    result = kernel.ok(code).published("execute_result")[0]
    assert result["metadata"] == {"image/png": {"width": 10}}


def test_a_representation_that_declines(kernel: Kernel) -> None:
    code = "class Thing:\n    def _repr_html_(self): return None\n    def __repr__(self): return 'Thing()'\nThing()"
    assert kernel.ok(code).published("execute_result")[0]["data"] == {"text/plain": "Thing()"}


def test_a_class_is_not_represented_as_its_instance(kernel: Kernel) -> None:
    code = "class Thing:\n    def _repr_html_(self): return 'instance'\nThing"
    assert kernel.ok(code).published("execute_result")[0]["data"] == {"text/plain": "__main__.Thing"}


def test_ipython_display_takes_over(kernel: Kernel) -> None:
    cell = kernel.ok("class Thing:\n    def _ipython_display_(self): print('displays itself')\ndisplay(Thing())")
    assert cell.stdout == "displays itself\n"
    assert cell.published("display_data") == []


def test_a_failing_representation_leaves_the_others(kernel: Kernel) -> None:
    code = "class Thing:\n    def _repr_html_(self): raise ValueError('broken html')\n    def __repr__(self): return 'Thing()'\ndisplay(Thing())"
    cell = kernel.run(code)
    assert cell.published("display_data")[0]["data"] == {"text/plain": "Thing()"}
    assert "broken html" in cell.stderr + (cell.traceback if cell.error else "")


def test_a_failing_repr_is_an_error_of_the_cell(kernel: Kernel) -> None:
    kernel.run("class Thing:\n    def __repr__(self): raise ValueError('broken repr')\nThing()")
    assert kernel.ok("'unharmed'").result == "'unharmed'"


@pytest.mark.parametrize(
    "value", ["float('nan')", "float('inf')", "{'x': float('nan')}", pytest.param("'\\ud800'", marks=SURROGATE)]
)
def test_values_that_json_has_no_words_for(kernel: Kernel, value: str) -> None:
    assert kernel.ok(value).result is not None
    kernel.ok(f"display({{'application/json': {value}, 'text/plain': 'x'}}, raw=True)")
    assert kernel.ok("'unharmed'").result == "'unharmed'"


def test_raw_display(kernel: Kernel) -> None:
    cell = kernel.ok("display({'text/html': '<b>raw</b>'}, raw=True, metadata={'text/html': {'isolated': True}})")
    content = cell.published("display_data")[0]
    assert content["data"] == {"text/html": "<b>raw</b>"}
    assert content["metadata"] == {"text/html": {"isolated": True}}


def test_display_include_and_exclude(kernel: Kernel) -> None:
    kernel.ok("class Thing:\n    def _repr_html_(self): return 'html'\n    def _repr_markdown_(self): return 'md'")
    data = kernel.ok("display(Thing(), exclude=['text/html'])").published("display_data")[0]["data"]
    assert sorted(data) == ["text/markdown", "text/plain"]
    data = kernel.ok("display(Thing(), include=['text/html'])").published("display_data")[0]["data"]
    assert "text/html" in data
    assert "text/markdown" not in data


def test_update_display(kernel: Kernel) -> None:
    first = kernel.ok("handle = display('first', display_id='the id')")
    assert first.published("display_data")[0]["transient"] == {"display_id": "the id"}
    update = kernel.ok("update_display('second', display_id='the id')").published("update_display_data")[0]
    assert update["data"] == {"text/plain": "'second'"}
    assert update["transient"] == {"display_id": "the id"}
    update = kernel.ok("handle.update('third')").published("update_display_data")[0]
    assert update["data"] == {"text/plain": "'third'"}


def test_display_makes_an_id(kernel: Kernel) -> None:
    cell = kernel.ok("handle = display('x', display_id=True)\nprint(handle.display_id)")
    assert cell.published("display_data")[0]["transient"]["display_id"] == cell.stdout.strip() != ""
    assert kernel.ok("display('x') is None").result == "True"


@pytest.mark.parametrize(("call", "wait"), [("clear_output()", False), ("clear_output(wait=True)", True)])
def test_clear_output(kernel: Kernel, call: str, wait: bool) -> None:
    cell = kernel.ok(f"print('before')\n{call}\nprint('after')")
    assert cell.published("clear_output") == [{"wait": wait}]
    shown = [kind for kind in cell.published_types if kind in ("stream", "clear_output")]
    assert shown.index("clear_output") < len(shown) - 1


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("HTML('<b>x</b>')", {"text/html": "<b>x</b>"}),
        ("Markdown('**x**')", {"text/markdown": "**x**"}),
        ("Latex('$x$')", {"text/latex": "$x$"}),
        ("SVG(data='<svg></svg>')", {"image/svg+xml": "<svg/>"}),
        ("JSON({'x': 1})", {"application/json": {"x": 1}}),
        ("Javascript('x')", {"application/javascript": "x"}),
    ],
)
def test_display_objects_of_ipython(kernel: Kernel, code: str, data: dict[str, object]) -> None:
    shown = kernel.ok(f"from IPython.display import *\ndisplay({code})").published("display_data")[0]["data"]
    assert {mime: shown.get(mime) for mime in data} == data


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("{'b': 1, 'a': 2}", "{'b': 1, 'a': 2}"),
        ("list(range(3))", "[0, 1, 2]"),
        ("'text'", "'text'"),
        ("1.5", "1.5"),
        ("int", "int"),
        ("{3}", "{3}"),
        ("b'x'", "b'x'"),
        (
            "[f'element number {i}' for i in range(6)]",
            "[" + ",\n ".join(f"'element number {i}'" for i in range(6)) + "]",
        ),
    ],
)
def test_plain_text(kernel: Kernel, code: str, text: str) -> None:
    assert kernel.ok(code).result == text


# -- tracebacks


def test_a_traceback_names_the_cell_and_the_line(kernel: Kernel) -> None:
    cell = kernel.run("x = 1\ny = 0\nx / y")
    number = cell.reply["execution_count"]
    assert "ZeroDivisionError" in cell.traceback
    assert "Traceback (most recent call last)" in cell.traceback
    assert f"Cell In[{number}], line 3" in cell.traceback
    assert "x / y" in cell.traceback
    assert cell.traceback.rstrip().split("\n")[-1].startswith("ZeroDivisionError: ")


def test_a_traceback_shows_the_lines_of_other_cells(kernel: Kernel) -> None:
    defined = kernel.ok("def broken(value):\n    # the culprit\n\n    return 1 / value").reply["execution_count"]
    cell = kernel.run("def between():\n    return broken(0)\n\nbetween()")
    number = cell.reply["execution_count"]
    for part in (
        f"Cell In[{defined}], line 4",
        f"Cell In[{number}], line 2",
        f"Cell In[{number}], line 4",
        "return 1 / value",
    ):
        assert part in cell.traceback


def test_a_traceback_shows_nothing_of_the_kernel(kernel: Kernel) -> None:
    import re

    for code in ("1 / 0", "import asyncio\nawait asyncio.sleep(0)\n1 / 0"):
        cell = kernel.run(code)
        frames = re.findall(r"(?m)^(?:File|Cell) .*", cell.traceback)
        assert len(frames) == 1, cell.traceback
        assert frames[0].startswith("Cell In[")


def test_a_traceback_is_coloured(kernel: Kernel) -> None:
    error = kernel.run("1 / 0").error
    assert error is not None
    assert "\x1b[" in "".join(error["traceback"])
    assert "\x1b[" not in error["ename"] + error["evalue"]


def test_a_traceback_in_an_async_function(kernel: Kernel) -> None:
    cell = kernel.run(
        "import asyncio\nasync def inner():\n    await asyncio.sleep(0)\n    raise KeyError('deep')\nawait inner()"
    )
    number = cell.reply["execution_count"]
    assert f"Cell In[{number}], line 5" in cell.traceback
    assert f"Cell In[{number}], line 4" in cell.traceback


def test_a_traceback_through_the_library(kernel: Kernel) -> None:
    cell = kernel.run("import json\njson.loads('{')")
    assert "Cell In[" in cell.traceback
    assert "decode" in cell.traceback
    assert "JSONDecodeError" in cell.reply["ename"]


def test_chained_exceptions(kernel: Kernel) -> None:
    cell = kernel.run("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('second') from e")
    assert "The above exception was the direct cause of the following exception" in cell.traceback
    assert "ZeroDivisionError" in cell.traceback
    assert cell.reply["ename"] == "ValueError"
    cell = kernel.run("try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined_name")
    assert "During handling of the above exception, another exception occurred" in cell.traceback


@pytest.mark.everloop_only("IPython prints an exception group to stderr, with the kernel's own frames")
def test_exception_groups(kernel: Kernel) -> None:
    cell = kernel.run("raise ExceptionGroup('several', [ValueError('one'), KeyError('two')])")
    assert "one" in cell.traceback
    assert "two" in cell.traceback
    assert cell.reply["ename"] == "ExceptionGroup"


@pytest.mark.parametrize(("code", "line", "culprit"), [("x = 1\ny = = 2\n", 2, "y = = 2"), ("for", 1, "for")])
def test_a_syntax_error_points_at_its_line(kernel: Kernel, code: str, line: int, culprit: str) -> None:
    cell = kernel.run(code)
    number = cell.reply["execution_count"]
    assert f"Cell In[{number}], line {line}" in cell.traceback
    assert culprit in cell.traceback
    assert "^" in cell.traceback
    assert "SyntaxError: " in cell.traceback


def test_an_exception_with_a_broken_str(kernel: Kernel) -> None:
    cell = kernel.submit("class Odd(Exception):\n    def __str__(self): raise RuntimeError('no str')\nraise Odd").wait()
    assert cell.reply["status"] == "error"
    assert kernel.ok("'unharmed'").result == "'unharmed'"


def test_a_deep_recursion(kernel: Kernel) -> None:
    cell = kernel.run("def down(n): return down(n + 1)\ndown(0)")
    assert cell.reply["ename"] == "RecursionError"
    assert len(cell.traceback) < 100_000
    assert kernel.ok("'unharmed'").result == "'unharmed'"


def test_the_last_exception_is_kept(kernel: Kernel) -> None:
    kernel.run("1 / 0")
    assert kernel.ok("import sys, traceback\ntype(sys.last_value).__name__").result == "'ZeroDivisionError'"


def test_traceback_print_exc_shows_the_cell_s_lines(kernel: Kernel) -> None:
    cell = kernel.ok("import traceback\ntry:\n    1 / 0  # here\nexcept ZeroDivisionError:\n    traceback.print_exc()")
    assert "1 / 0  # here" in cell.stderr
