"""MIME bundles: who is asked, in which order, and what happens when the answer is wrong."""

import base64
import pathlib
import re
import subprocess
import sys

import pytest

from everloop.formatters import FormatterWarning, format


class Everything:
    """Has every representation and remembers who was asked."""

    def __init__(self):
        self.asked = []

    def __repr__(self):
        self.asked.append("text")
        return "Everything()"

    def _repr_mimebundle_(self, include=None, exclude=None):
        self.asked.append(("mimebundle", include, exclude))
        return {"text/html": "<b>bundle</b>", "application/x-own": [1]}, {"text/html": {"isolated": True}}

    def _repr_html_(self):
        self.asked.append("html")
        return "<b>html</b>"

    def _repr_markdown_(self):
        self.asked.append("markdown")
        return "**md**"

    def _repr_svg_(self):
        self.asked.append("svg")
        return "<svg/>"

    def _repr_png_(self):
        self.asked.append("png")
        return b"\x89PNG", {"width": 3}

    def _repr_pdf_(self):
        self.asked.append("pdf")
        return b"%PDF"

    def _repr_jpeg_(self):
        self.asked.append("jpeg")
        return "already base64"

    def _repr_latex_(self):
        self.asked.append("latex")
        return "$x$"

    def _repr_json_(self):
        self.asked.append("json")
        return {"a": 1}, {"expanded": True}

    def _repr_javascript_(self):
        self.asked.append("javascript")
        return "alert()"


@pytest.mark.parametrize("value", [1, 1.5, "a", None, True, [1, 2], {"a": 1}, (1,), {1}, b"x", range(3)])
def test_builtin_values_are_plain_text(door, value):
    assert format(value) == ({"text/plain": repr(value)}, {})


def test_asks_in_ipythons_order(door):
    thing = Everything()
    data, metadata = format(thing)
    assert thing.asked == [
        ("mimebundle", None, None), "text", "markdown", "svg", "png", "pdf", "jpeg", "latex", "json", "javascript",
    ]  # fmt: skip
    assert data == {
        "text/html": "<b>bundle</b>",
        "application/x-own": [1],
        "text/plain": "Everything()",
        "text/markdown": "**md**",
        "image/svg+xml": "<svg/>",
        "image/png": base64.b64encode(b"\x89PNG").decode(),
        "application/pdf": base64.b64encode(b"%PDF").decode(),
        "image/jpeg": "already base64",
        "text/latex": "$x$",
        "application/json": {"a": 1},
        "application/javascript": "alert()",
    }
    assert metadata == {
        "text/html": {"isolated": True},
        "image/png": {"width": 3},
        "application/json": {"expanded": True},
    }


def test_include_asks_for_those_types_only(door):
    thing = Everything()
    data, metadata = format(thing, include=["text/plain", "image/png"])
    assert set(data) == {"text/plain", "image/png"}
    assert metadata == {"image/png": {"width": 3}}
    assert thing.asked == [("mimebundle", ["text/plain", "image/png"], None), "text", "png"]


def test_exclude_wins_over_include(door):
    data, metadata = format(Everything(), include=["text/html", "text/plain"], exclude=["text/html"])
    assert data == {"text/plain": "Everything()"}
    assert metadata == {}


def test_plain_text_can_be_excluded(door):
    assert format(1, exclude=["text/plain"]) == ({}, {})
    assert format(1, include={"text/html"}) == ({}, {})


def test_bundle_has_the_last_word_on_plain_text(door):
    class Bundle:
        def __repr__(self):
            raise AssertionError("not asked")

        def _repr_mimebundle_(self, **kwargs):
            return {"text/plain": "mine", "image/png": b"raw"}

    assert format(Bundle())[0] == {"text/plain": "mine", "image/png": base64.b64encode(b"raw").decode()}


def test_ipython_display_ends_the_matter(door):
    class Shown(Everything):
        def _ipython_display_(self):
            self.asked.append("display")

    thing = Shown()
    assert format(thing) == ({}, {})
    assert thing.asked == ["display"]


def test_ipython_display_may_decline(door, capsys):
    class Declines(Everything):
        def _ipython_display_(self):
            raise NotImplementedError

    data, _ = format(Declines())
    assert data["text/markdown"] == "**md**"
    assert capsys.readouterr().err == ""


def test_error_in_ipython_display_is_shown_and_the_rest_goes_on(door, capsys):
    class Broken(Everything):
        def _ipython_display_(self):
            raise RuntimeError("display broke")

    data, _ = format(Broken())
    assert data["text/plain"] == "Everything()"
    assert "display broke" in capsys.readouterr().err


def test_error_skips_one_type_and_is_shown(door, capsys):
    class Broken:
        def __repr__(self):
            return "still here"

        def _repr_html_(self):
            raise ValueError("html broke")

        def _repr_markdown_(self):
            return "md"

    assert format(Broken()) == ({"text/plain": "still here", "text/markdown": "md"}, {})
    text = plain(capsys.readouterr().err)
    assert text.startswith("-" * 75 + "\nValueError    ")
    assert "Broken._repr_html_(self)" in text
    assert text.endswith("ValueError: html broke\n")


def test_error_in_repr_is_shown(door, capsys):
    class Broken:
        def __repr__(self):
            raise ValueError("repr broke")

        def _repr_html_(self):
            return "<b>"

    assert format(Broken()) == ({"text/html": "<b>"}, {})
    assert "repr broke" in capsys.readouterr().err
    assert format([Broken()]) == ({}, {})


def test_a_type_may_be_declined(door, capsys):
    class Declines:
        def __repr__(self):
            return "x"

        def _repr_html_(self):
            return None

        def _repr_latex_(self):
            raise NotImplementedError

        def _repr_mimebundle_(self, **kwargs):
            return None

    assert format(Declines()) == ({"text/plain": "x"}, {})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_repr_html_", 5),
        ("_repr_json_", "text"),
        ("_repr_png_", [1]),
        ("_repr_mimebundle_", "text"),
        ("_repr_svg_", (1, {})),
    ],
)
def test_wrong_type_is_a_warning(door, name, value):
    thing = type("Wrong", (), {name: lambda self, **kwargs: value, "__repr__": lambda self: "x"})()
    with pytest.warns(FormatterWarning, match="returned invalid type"):
        assert format(thing) == ({"text/plain": "x"}, {})


def test_classes_are_not_asked_for_their_instances(door):
    assert set(format(Everything)[0]) == {"text/plain"}

    class Speaks:
        @classmethod
        def _repr_html_(cls):
            return "<i>the class</i>"

    assert format(Speaks)[0]["text/html"] == "<i>the class</i>"


def test_objects_that_have_every_attribute_are_not_asked(door):
    class Proxy:
        def __getattr__(self, name):
            return lambda *args, **kwargs: "anything"

        def __repr__(self):
            return "proxy"

    assert format(Proxy()) == ({"text/plain": "proxy"}, {})


def test_attributes_may_raise(door):
    class Raises:
        def __repr__(self):
            return "raises"

        @property
        def _repr_html_(self):
            raise RuntimeError

        _repr_latex_ = "not callable"

    assert format(Raises()) == ({"text/plain": "raises"}, {})


def test_methods_of_the_instance_count(door):
    class Empty:
        pass

    thing = Empty()
    thing._repr_html_ = lambda: "<b>dynamic</b>"
    assert format(thing)[0]["text/html"] == "<b>dynamic</b>"


def test_subclasses_of_builtins_are_asked(door):
    class Table(list):
        def _repr_html_(self):
            return "<table>"

    assert format(Table([1])) == ({"text/plain": "[1]", "text/html": "<table>"}, {})


def test_showing_a_number_imports_little(door):
    """What a first `1 + 1` has to wait for."""
    path = str(pathlib.Path(__file__).parents[3] / "kernel" / "python")
    code = (
        "import sys, types; sys.path.insert(0, sys.argv[1]); sys.modules['_everloop'] = types.ModuleType('_everloop');"
        "import _collections; before = set(sys.modules); import everloop.formatters as f; f.format(2); f.format(object());"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['everloop', 'everloop.formatters', 'everloop.pretty']"


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
