"""Pictures in JupyterLab: what is drawn of them, without any network but the notebook's own server."""

from __future__ import annotations

from typing import Any

import pytest
from lab import Lab
from test_pictures import PNG

pytestmark = pytest.mark.everloop_only("Run All stops at the chart of pygal, for the missing package cairosvg")

#: What the gallery has no room for.
MORE = [
    "go.FigureWidget(go.Bar(y=[2, 1, 3, 5]), {'height': 200})",
    "import altair as alt\n"
    "alt.renderers.register('jupyterlab', lambda spec: {'application/vnd.vegalite.v5+json': spec})\n"
    "alt.renderers.enable('jupyterlab')\n"
    "alt.Chart(alt.Data(values=[{'a': 'x', 'b': 3}, {'a': 'y', 'b': 5}])).mark_bar().encode(x='a:N', y='b:Q')",
    "import drawsvg\ndrawing = drawsvg.Drawing(99, 9)\ndrawing.append(drawsvg.Circle(4, 4, 2, fill='red'))\ndrawing",
    "from IPython.display import *\nfor size in (10, 20, 30):\n    clear_output(wait=True)\n    display(Spiral(9, size))",
    f"Image({PNG!r})",
    "Markdown('| a | b |\\n|---|---|\\n| *1* | 2 |')",
    "JSON({'answer': [42]}, expanded=True)",
    "IFrame('about:blank', 100, 30)",
    "Javascript('element.append(6 * 7)')",
    "from rich.progress import track\nfor step in track(range(3), description='steps'): pass",
    "'the last cell'",
]


@pytest.fixture(scope="module")
def cells(lab: Lab) -> list[dict[str, Any]]:
    lab.add_example("pictures.ipynb", *MORE)
    seen = lab.browse("pictures")
    assert seen["elsewhere"] == []
    return seen["cells"]


@pytest.fixture
def drawn(cells: list[dict[str, Any]]) -> Any:
    def find(source: str) -> dict[str, Any]:
        return next(cell for cell in cells if source in cell["source"])

    return find


def test_all_cells_ran(cells: list[dict[str, Any]]) -> None:
    assert [cell["prompt"] for cell in cells] == [f"[{number}]:" for number in range(1, len(cells) + 1)]
    for cell in cells:
        assert "Traceback" not in cell["text"]


def test_nothing_is_shown_as_text_that_is_a_picture(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        for text in ("Figure({", "Object", "object at", "Spiral", "Chart(", "<svg", "$$", r"\displaystyle", "Output()"):
            assert text not in cell["text"], cell


def test_plotly(drawn: Any) -> None:
    assert drawn("add_scatter")["curves"] == 3
    assert drawn("go.Bar(")["bars"] == 5
    assert drawn("FigureWidget")["bars"] == 4


@pytest.mark.parametrize("source", ["import pygal", "class Spiral", "handle = display", "import drawsvg"])
def test_svg(drawn: Any, source: str) -> None:
    ((mime, width),) = drawn(source)["images"]
    assert mime == "data:image/svg+xml"
    assert width > 0


def test_an_animation_ends_with_its_last_picture(drawn: Any) -> None:
    assert drawn("clear_output")["images"] == [["data:image/svg+xml", 30]]


def test_png(drawn: Any) -> None:
    assert drawn("Image(")["images"] == [["data:image/png", 1]]


def test_vega_lite(drawn: Any) -> None:
    assert drawn("specification =")["vega"] == 1
    assert drawn("import altair")["vega"] == 1


@pytest.mark.parametrize("source", ["sympy.Eq", "sympy.Matrix", "Math("])
def test_formulas(drawn: Any, source: str) -> None:
    assert drawn(source)["formulas"] == 1


def test_tables(drawn: Any) -> None:
    assert drawn("import tabulate")["rows"] == 5
    assert drawn("Markdown(")["rows"] == 2
    assert "Mars" in drawn("Table(")["text"]
    assert drawn("Table(")["coloured"] >= 3


def test_progress(drawn: Any) -> None:
    assert drawn("tqdm(")["progress"] == ["100%"]
    assert "40/40" in drawn("tqdm(")["text"]
    assert "steps" in drawn("track(")["text"]
    assert "100%" in drawn("track(")["text"]


def test_the_rest(drawn: Any) -> None:
    assert drawn("Audio(")["audio"] == [0.5]
    assert drawn("IFrame(")["frames"] == 1
    assert "answer" in drawn("JSON(")["text"]
    assert drawn("Javascript(")["text"].endswith("42")


def test_the_dashboard_moves(lab: Lab) -> None:
    lab.add_example(
        "dashboard.ipynb",
        "first = len(values)\nfirst",
        "rate.value, goes_on.is_set()",
        "second = len(values)\nfirst, second, first == second",
    )
    seen = lab.browse("dashboard")
    assert "values," in seen["stored"]
    assert seen["states"].endswith("[False, True]")
    assert seen["rate"].endswith("(1, False)")
    assert seen["paused"].endswith("True)")
