"""Which magics of IPython's are everloop's here, and where they are. They are imported when they are used."""

from importlib import import_module

#: ``module:class`` to the names of its magics, by kind.
MAGICS = {
    "everloop.magics.cells:AwaitingCaptureMagics": {"cell": ["capture"]},
    "everloop.magics.cells:AwaitingHistoryMagics": {"line": ["rerun"]},
    "everloop.magics.execution:AwaitingExecutionMagics": {"line_cell": ["time", "timeit"]},
    "everloop.magics.profiling:AwaitingProfileMagics": {"line_cell": ["prun"]},
}


def register(manager):
    """Let `manager`, a ``MagicsManager``, find these in the place of IPython's."""
    from IPython.core import magics

    is_lazy = hasattr(magics, "BUILTIN_LAZY_MAGICS")
    for place, kinds in MAGICS.items():
        if is_lazy:
            for kind, names in kinds.items():
                for name in names:
                    manager.register_lazy(name, place, kind)
        else:
            # An IPython before 9.17, which imports all its magics at once.
            module, name = place.split(":")
            manager.register(getattr(import_module(module), name))
