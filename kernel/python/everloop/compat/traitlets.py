"""Observers of traitlets that are ``async def``: traitlets drops what an observer returns."""

import inspect

from everloop.compat.imports import after_import
from everloop.handlers import awaited


def install():
    """Watch for the import of the module."""
    after_import("traitlets.traitlets", _await_observers)


def _await_observers(module):
    observe, init_call = module.HasTraits.observe, module.ObserveHandler._init_call

    def observe_awaiting(self, handler, names=module.All, type="change"):
        # Those of the decorator are called by the name of their method.
        observe(self, handler if isinstance(handler, module.EventHandler) else awaited(handler), names, type)

    def init_call_awaiting(self, func):
        return init_call(self, awaited(func) if inspect.iscoroutinefunction(func) else func)

    observe_awaiting.__name__, observe_awaiting.__doc__ = "observe", observe.__doc__
    module.HasTraits.observe = observe_awaiting
    module.ObserveHandler._init_call = init_call_awaiting
