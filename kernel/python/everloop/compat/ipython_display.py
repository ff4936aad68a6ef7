"""``IPython.display`` without an IPython shell.

Its functions print to the terminal when no IPython shell runs, so `display(HTML(...))`, the first line of many
notebooks, would show nothing. When IPython's module has been executed, ours take their place in it; its classes
(`HTML`, `Image`, `Markdown`, ...) stay, since they need no shell.
"""

import sys
from _frozen_importlib_external import PathFinder

_MODULE = "IPython.core.display_functions"
_NAMES = ("display", "update_display", "clear_output", "publish_display_data", "DisplayHandle")


def install():
    """Watch for the import of IPython's module."""
    sys.meta_path.insert(0, _Finder)


class _Finder:
    """Finds that one module, where everybody finds it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != _MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    """Loads as `loader` does, then puts our functions into the module."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        from everloop import display

        self._loader.exec_module(module)
        for name in _NAMES:
            setattr(module, name, getattr(display, name))
