"""Pictures: what libraries send of them, so that a front end draws them and shows no text instead."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client import Kernel, Request

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def shown(cell: Request) -> list[dict[str, Any]]:
    """The bundles of a cell, in order."""
    return [content["data"] for content in cell.published("display_data", "execute_result")]


def the_one(cell: Request) -> dict[str, Any]:
    (bundle,) = shown(cell)
    assert cell.stderr == ""
    return bundle


# -- plotly


def test_a_figure_of_plotly_is_its_data_and_not_the_library(fresh_kernel: Kernel) -> None:
    """plotly sends 5 MB of JavaScript where it does not know the kernel. IPython is loaded by the cell itself here."""
    code = "import plotly.graph_objects as go\nfigure = go.Figure(go.Bar(x=list('abc'), y=[1, 3, 2]))\nfigure"
    cell = fresh_kernel.ok(code)
    bundle = the_one(cell)
    assert set(bundle) == {"application/vnd.plotly.v1+json"}
    assert bundle["application/vnd.plotly.v1+json"]["data"] == [{"x": ["a", "b", "c"], "y": [1, 3, 2], "type": "bar"}]
    assert len(json.dumps(bundle)) < 20_000
    assert the_one(fresh_kernel.ok("figure.show()")) == bundle

    cell = fresh_kernel.ok("go.FigureWidget(figure)")
    assert "application/vnd.jupyter.widget-view+json" in shown(cell)[-1]
    assert cell.published("comm_open")[-1]["data"]["state"]["_anywidget_id"].endswith("FigureWidget")


@pytest.mark.everloop_only("has no packages of its own")
def test_plotly_that_only_the_kernel_has_brings_its_library_along(
    start_kernel: Callable[..., Kernel], tmp_path: Path
) -> None:
    """JupyterLab looks for what draws the data in its own environment."""
    kernel = start_kernel(env={"EVERLOOP_PACKAGES": str(tmp_path / "packages")})
    (theirs,) = Path(sys.prefix).glob("lib/python3*/site-packages/plotly")
    ours = Path(
        kernel.ok("import sys; print(next(path for path in sys.path if path.startswith(sys.prefix)))").stdout.strip()
    )
    ours.mkdir(parents=True)
    (ours / "plotly").symlink_to(theirs)
    kernel.ok("import importlib\nimportlib.invalidate_caches()")
    cell = kernel.ok("import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1]))")
    library, figure = shown(cell)
    assert len(library["text/html"]) > 1_000_000
    assert set(figure) == {"application/vnd.plotly.v1+json", "text/html"}
    assert len(json.dumps(shown(kernel.ok("go.Figure(go.Bar(y=[2]))")))) < 50_000


def test_libraries_know_the_shell_by_its_module(kernel: Kernel) -> None:
    code = "type(get_ipython()).__module__, type(get_ipython()).__name__"
    assert kernel.ok(code).result == "('ipykernel.zmqshell', 'ZMQInteractiveShell')"


# -- SVG


@pytest.mark.everloop_only("a traceback for the missing package cairosvg stands above the chart")
def test_a_chart_of_pygal_is_svg(kernel: Kernel) -> None:
    cell = kernel.ok("import pygal\nchart = pygal.Bar()\nchart.add('one', [1, 2, 3])\nchart")
    assert cell.published_types == ["status", "execute_input", "execute_result", "status"]
    assert set(the_one(cell)) == {"image/svg+xml", "text/plain"}


def test_imports_go_on_when_pygal_was_imported(kernel: Kernel) -> None:
    """It puts a finder into `sys.meta_path` that has no `find_spec`."""
    kernel.ok("import pygal, sys\nassert not all(hasattr(finder, 'find_spec') for finder in sys.meta_path)")
    assert kernel.run("import matplotlib").reply["ename"] == "ModuleNotFoundError"


def test_a_drawing_is_svg(kernel: Kernel) -> None:
    code = (
        "import drawsvg\ndrawing = drawsvg.Drawing(9, 9)\ndrawing.append(drawsvg.Circle(4, 4, 2, fill='red'))\ndrawing"
    )
    assert '<circle cx="4" cy="4" r="2" fill="red"' in the_one(kernel.ok(code))["image/svg+xml"]


def test_svg_is_animated(kernel: Kernel) -> None:
    """By an update of what is shown, and by a new picture in the place of the one before."""
    code = """
from IPython.display import SVG, clear_output, display
def circle(radius):
    return SVG(f'<svg xmlns="http://www.w3.org/2000/svg"><circle r="{radius}"/></svg>')
handle = display(circle(0), display_id=True)
for radius in range(1, 4):
    handle.update(circle(radius))
"""
    cell = kernel.ok(code)
    (first,) = cell.published("display_data")
    updates = cell.published("update_display_data")
    assert {content["transient"]["display_id"] for content in (first, *updates)} == {first["transient"]["display_id"]}
    for radius, content in enumerate((first, *updates)):
        assert f'<circle r="{radius}"' in content["data"]["image/svg+xml"]
        assert 'xmlns="http://www.w3.org/2000/svg"' in content["data"]["image/svg+xml"]

    cell = kernel.ok("for radius in range(3):\n    clear_output(wait=True)\n    display(circle(radius))")
    assert cell.published_types[2:-1] == ["clear_output", "display_data"] * 3
    assert all(content["wait"] for content in cell.published("clear_output"))


# -- Vega-Lite

VEGA_LITE = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": [{"a": "x", "b": 3}, {"a": "y", "b": 5}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}


def test_a_specification_of_vega_lite(kernel: Kernel) -> None:
    bundle = {"application/vnd.vegalite.v5+json": VEGA_LITE}
    assert the_one(kernel.ok(f"display({bundle!r}, raw=True)")) == bundle


def test_altair_can_send_what_jupyterlab_draws(kernel: Kernel) -> None:
    """Its own renderers ask a CDN, or send a version of Vega-Lite that JupyterLab does not have."""
    code = """
import altair as alt
alt.renderers.register("jupyterlab", lambda spec: {"application/vnd.vegalite.v5+json": spec})
alt.renderers.enable("jupyterlab")
values = alt.Data(values=[{"a": "x", "b": 3}, {"a": "y", "b": 5}])
alt.Chart(values).mark_bar().encode(x="a:N", y="b:Q")
"""
    specification = the_one(kernel.ok(code))["application/vnd.vegalite.v5+json"]
    assert specification["mark"] == {"type": "bar"}
    assert specification["encoding"]["y"] == {"field": "b", "type": "quantitative"}


# -- formulas, tables


def test_sympy_shows_formulas(kernel: Kernel) -> None:
    kernel.ok("import sympy\nsympy.init_printing()\nx = sympy.Symbol('x')")
    for code, latex in [
        ("sympy.Integral(sympy.sqrt(1 / x), x)", r"$\displaystyle \int \sqrt{\frac{1}{x}}\, dx$"),
        ("[x**2, sympy.Rational(1, 3)]", r"$\displaystyle \left[ x^{2}, \  \frac{1}{3}\right]$"),
        (
            "sympy.Matrix([[1, x], [x, 2]])",
            r"$\displaystyle \left[\begin{matrix}1 & x\\x & 2\end{matrix}\right]$",
        ),
    ]:
        assert the_one(kernel.ok(code))["text/latex"] == latex


def test_html_tables(kernel: Kernel) -> None:
    code = "import tabulate\ntabulate.tabulate([[1, 2]], headers=['a', 'b'], tablefmt='html')"
    assert the_one(kernel.ok(code))["text/html"].startswith("<table>")


@pytest.mark.parametrize("show", ["table", "rich.print(table)", "rich.console.Console().print(table)"])
def test_tables_of_rich(kernel: Kernel, show: str) -> None:
    code = f"import rich\nfrom rich.table import Table\ntable = Table('one')\ntable.add_row('[red]1')\n{show}"
    bundle = the_one(kernel.ok(code))
    assert "┏━━━━━┓" in bundle["text/plain"]
    assert '<span style="color: #800000' in bundle["text/html"]


# -- IPython.display


@pytest.mark.parametrize(
    ("code", "mime", "value"),
    [
        (f"Image({PNG!r})", "image/png", lambda data: base64.b64decode(data) == PNG),
        (r"Image(b'\xff\xd8\xff\xe0rest')", "image/jpeg", lambda data: base64.b64decode(data)[4:] == b"rest"),
        (
            "Audio(data=bytes(range(256)), rate=8000)",
            "text/html",
            lambda data: 'src="data:audio/wav;base64,AAEC' in data,
        ),
        ("Audio([0, 0.5, 1], rate=8000)", "text/html", lambda data: 'src="data:audio/wav;base64,UklG' in data),
        (
            "Video(b'abc', embed=True, mimetype='video/mp4')",
            "text/html",
            lambda data: "data:video/mp4;base64,YWJj" in data,
        ),
        ("IFrame('page.html', 100, 100)", "text/html", lambda data: 'src="page.html"' in data),
        ("JSON({'a': [1]})", "application/json", lambda data: data == {"a": [1]}),
        ("GeoJSON({'type': 'Point'})", "application/geo+json", lambda data: data == {"type": "Point"}),
        ("Markdown('**a**')", "text/markdown", lambda data: data == "**a**"),
        ("Javascript('1')", "application/javascript", lambda data: data == "1"),
        ("Math('x')", "text/latex", lambda data: data == r"$\displaystyle x$"),
        ("Latex('$$x$$')", "text/latex", lambda data: data == "$$x$$"),
        ("HTML('<b>a</b>')", "text/html", lambda data: data == "<b>a</b>"),
        ("Code('def f(): pass', language='python')", "text/html", lambda data: '<span class="k">def</span>' in data),
    ],
    ids=lambda value: value.partition("(")[0] if isinstance(value, str) else None,
)
def test_ipython_display(kernel: Kernel, code: str, mime: str, value: Callable[[Any], bool]) -> None:
    bundle = the_one(kernel.ok(f"from IPython.display import *\n{code}"))
    assert value(bundle[mime]), bundle


# -- progress


def test_progress_as_text(kernel: Kernel) -> None:
    assert "3/3" in kernel.ok("from tqdm import tqdm\nfor n in tqdm(range(3)): pass").stderr
    code = """
from tqdm.asyncio import tqdm
async def value(n):
    return n
print(await tqdm.gather(*map(value, range(3))))
print([n async for n in tqdm(aiter_of(3))])
"""
    aiter_of = "async def aiter_of(n):\n    for i in range(n):\n        yield i\n"
    cell = kernel.ok(aiter_of + code)
    assert cell.stdout == "[0, 1, 2]\n[0, 1, 2]\n"
    assert "3/3" in cell.stderr


def test_progress_as_widgets(kernel: Kernel) -> None:
    cell = kernel.ok("from tqdm.auto import tqdm\nfor n in tqdm(range(3)): pass")
    assert cell.stderr == ""
    assert "application/vnd.jupyter.widget-view+json" in shown(cell)[0]


def test_progress_of_rich(kernel: Kernel) -> None:
    """It draws from a thread of its own, into an Output, for which front ends capture what the cell displays."""
    cell = kernel.ok("from rich.progress import track\nfor n in track(range(3), description='work'): pass")
    assert "application/vnd.jupyter.widget-view+json" in shown(cell)[0]
    assert any("100%" in bundle.get("text/html", "") for bundle in shown(cell))
    assert cell.stdout == cell.stderr == ""
