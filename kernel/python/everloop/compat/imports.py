"""Doing something to a library when it has been imported, and not a moment before."""

import sys

_actions = {}


def after_import(name, action):
    """Call ``action(module)`` when the module `name` has been executed; at once if it has been already."""
    module = sys.modules.get(name)
    if module is not None:
        action(module)
        return
    if not _actions:
        sys.meta_path.insert(0, _Finder)
    _actions[name] = action


class _Finder:
    """Finds the modules that have an action, where everybody finds them."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        action = _actions.get(name)
        if action is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is _Finder else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = _Loader(spec.loader, action)
                return spec
        return None


class _Loader:
    """Loads as `loader` does, then calls the action."""

    def __init__(self, loader, action):
        self._loader = loader
        self._action = action

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._action(module)
