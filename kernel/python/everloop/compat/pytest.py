"""pytest rewrites the assertions of tests and of its plugins, all files of what has one.

For that it parses them with ``ast.parse``, which takes time by the square of a file's length in RustPython: minutes for
those of Faker. A file in which nothing is asserted has nothing to be rewritten.
"""

import re

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the module that rewrites."""
    after_import("_pytest.assertion.rewrite", _only_what_asserts)


def _only_what_asserts(module):
    hook = module.AssertionRewritingHook
    should_rewrite = hook._should_rewrite

    def _should_rewrite(self, name, fn, state):
        return should_rewrite(self, name, fn, state) and _asserts(fn)

    hook._should_rewrite = _should_rewrite


def _asserts(file):
    with open(file, "rb") as source:
        return re.search(rb"\bassert\b", source.read()) is not None
