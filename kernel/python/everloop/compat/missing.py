"""Modules that RustPython lacks or cannot load, and everloop has: one of the standard library, one in the place of an extension."""

import sys
from _frozen_importlib import ModuleSpec
from importlib import import_module

_OURS = {"cProfile": "everloop.compat.cprofile", "rpds.rpds": "everloop.compat.rpds"}


def install():
    """Let them be found, where there are no others. Nothing is loaded before it is asked for."""
    sys.meta_path.append(_Finder)


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, _Finder, origin="everloop") if name in _OURS else None

    @staticmethod
    def create_module(spec):
        return import_module(_OURS[spec.name])

    @staticmethod
    def exec_module(module):
        """Its import has done that."""
