"""``rfc3987_syntax``, which works its grammar out while it is imported: here that takes four seconds.

``jsonschema`` imports it for one format that hardly anybody asks for, and ``nbformat``, and with it the first figure of plotly, and
``altair`` import ``jsonschema``.
"""

import contextlib
import functools

from everloop.compat.imports import around_import


def install():
    """Watch for the import of the module."""
    around_import("rfc3987_syntax.syntax_helpers", _with_a_later_parser)


@contextlib.contextmanager
def _with_a_later_parser(module):
    import lark

    make = lark.Lark

    class Later:
        """A parser that is made when something is to be parsed."""

        def __init__(self, *args, **options):
            self._make = functools.partial(make, *args, **options)

        def __getattr__(self, name):
            return getattr(self._parser, name)

        @functools.cached_property
        def _parser(self):
            return self._make()

    lark.Lark = Later
    try:
        yield
    finally:
        lark.Lark = make
