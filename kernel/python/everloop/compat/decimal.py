"""``decimal``, which is ``_pydecimal`` here, as there is no extension ``_decimal``.

It would put that into its own place while it is executed, and a thread that imports it meanwhile would be left with an
empty module.
"""

import sys
from _frozen_importlib import ModuleSpec
from importlib import import_module


def install():
    """Let it be found as what it becomes. It is not loaded before it is asked for."""
    sys.meta_path.insert(0, _Finder)


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, _Finder, origin="everloop") if name == "decimal" else None

    @staticmethod
    def create_module(spec):
        return import_module("_pydecimal")

    @staticmethod
    def exec_module(module):
        """Its import has done that."""
