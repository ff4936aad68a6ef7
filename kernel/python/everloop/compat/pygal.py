"""``pygal``, whose charts show as SVG, and as PNG with a library that needs an extension for CPython."""

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module."""
    after_import("pygal.graph.base", _show_as_svg_alone)


def _show_as_svg_alone(module):
    """A representation that raises puts a traceback above each chart."""
    del module.BaseGraph._repr_png_
