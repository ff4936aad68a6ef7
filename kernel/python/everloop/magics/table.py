"""Which magics of IPython's are everloop's here, and where they are. They are imported when they are used."""

import threading
from functools import wraps
from importlib import import_module

#: ``module:class`` to the names of its magics, by kind.
MAGICS = {
    "everloop.magics.cells:AwaitingCaptureMagics": {"cell": ["capture"]},
    "everloop.magics.cells:AwaitingHistoryMagics": {"line": ["rerun"]},
    "everloop.magics.compiling:JitMagics": {"cell": ["jit"]},
    "everloop.magics.debugger_magics:AwaitingDebugMagics": {"line_cell": ["debug"]},
    "everloop.magics.execution:AwaitingExecutionMagics": {"line_cell": ["time", "timeit"]},
    "everloop.magics.packaging:AwaitingPackagingMagics": {"line": ["pip"]},
    "everloop.magics.run:AwaitingRunMagics": {"line": ["run"]},
    "everloop.magics.system:AwaitingOSMagics": {"line_cell": ["sx", "system"], "cell": ["!"]},
    "everloop.magics.tasks:TaskMagics": {
        "line": ["autocancel", "cancel", "tasks"],
        "cell": ["thread"],
        "line_cell": ["concurrent"],
    },
    "everloop.magics.profiling:AwaitingProfileMagics": {"line_cell": ["prun"]},
}

#: Classes of IPython's, the names of whose magics are configured, and what is in their place.
CLASSES = {"IPython.core.magics.script:ScriptMagics": "everloop.magics.script:ScriptMagics"}


def register(manager):
    """Let `manager`, a ``MagicsManager``, find these in the place of IPython's."""
    from IPython.core import magics

    is_lazy = hasattr(magics, "BUILTIN_LAZY_MAGICS")
    if is_lazy:
        manager.load_lazy = _in_turn(manager.load_lazy)
        for place, kind, name in _names(manager):
            manager.register_lazy(name, place, kind)
    else:
        # An IPython before 9.17, which imports all its magics at once.
        for place in (*MAGICS, *CLASSES.values()):
            module, name = place.split(":")
            manager.register(getattr(import_module(module), name))


def _in_turn(load):
    """`load`, by one thread after the other: a class collects its magics in a table of IPython's that all classes share.

    A cell may want a magic that a completion, which asks for all of them, is importing.
    """
    lock = threading.RLock()

    @wraps(load)
    def load_in_turn(*args, **kwargs):
        with lock:
            return load(*args, **kwargs)

    return load_in_turn


def _names(manager):
    for place, kinds in MAGICS.items():
        for kind, names in kinds.items():
            for name in names:
                yield place, kind, name
    for kind, table in manager.magics.items():
        for name, magic in list(table.items()):
            place = CLASSES.get(getattr(magic, "spec", None))
            if place is not None:
                yield place, kind, name
