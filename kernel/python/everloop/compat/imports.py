"""Doing something to a library when it is imported, and not a moment before."""

import contextlib
import sys
from importlib import import_module

#: Module -> what it is executed inside of, the innermost last.
_wrappers = {}

#: Module -> the repairs of :mod:`everloop.compat` that watch for its import.
_repairs = {}

#: The repairs that do so themselves by now.
_watching = set()


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
    _find_them()
    _wrappers.setdefault(name, []).append(wrapper)


def repair_when_imported(repairs):
    """Load a repair when one of its modules is imported; at once if one has been. `repairs` names the modules of each."""
    _find_them()
    for repair, modules in repairs.items():
        for module in modules:
            _repairs.setdefault(module, []).append(repair)
    for module in _repairs.keys() & sys.modules.keys():
        _load_repairs(module)


def _find_them():
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def _load_repairs(name):
    for repair in _repairs.pop(name, ()):
        # The first of its modules lets it watch for all of them.
        if repair not in _watching:
            _watching.add(repair)
            import_module(f"everloop.compat.{repair}").install()


class _Finder:
    """Finds the modules that have a wrapper or a repair, where everybody finds them.

    It imports nothing: finders are called under the lock of all imports, and another thread may hold that of a module and wait
    for this one.
    """

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _wrappers and name not in _repairs:
            return None
        for finder in sys.meta_path:
            # One of Python 2's day, as pygal's, is passed over.
            find_spec = None if finder is _Finder else getattr(finder, "find_spec", None)
            spec = find_spec and find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """Loads as `loader` does, inside of the wrappers, those of the module's repairs included."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        _load_repairs(spec.name)
        return self._loader.create_module(spec)

    def exec_module(self, module):
        with contextlib.ExitStack() as wrappers:
            for wrapper in _wrappers.get(module.__spec__.name, ()):
                wrappers.enter_context(wrapper(module))
            self._loader.exec_module(module)
