"""Doing something to a library when it is imported, and not a moment before."""

import contextlib
import sys

_wrappers = {}


def after_import(name, action):
    """Call ``action(module)`` when the module `name` has been executed; at once if it has been already."""
    module = sys.modules.get(name)
    if module is not None:
        action(module)
        return

    @contextlib.contextmanager
    def afterwards(module):
        yield
        action(module)

    around_import(name, afterwards)


def around_import(name, wrapper):
    """Let the module `name` be executed inside of ``with wrapper(module)``; nothing if it has been already."""
    if not _wrappers:
        sys.meta_path.insert(0, _Finder)
    _wrappers[name] = wrapper


class _Finder:
    """Finds the modules that have a wrapper, where everybody finds them."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        wrapper = _wrappers.get(name)
        if wrapper is None:
            return None
        for finder in sys.meta_path:
            # One of Python 2's day, as pygal's, is passed over.
            find_spec = None if finder is _Finder else getattr(finder, "find_spec", None)
            spec = find_spec and find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Loader(spec.loader, wrapper)
                return spec
        return None


class _Loader:
    """Loads as `loader` does, inside of the wrapper."""

    def __init__(self, loader, wrapper):
        self._loader = loader
        self._wrapper = wrapper

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        with self._wrapper(module):
            self._loader.exec_module(module)
