"""IPython's classes of magics, replaced by our subclasses of them: those that would stop the loop, or that run code."""

import importlib

_REPLACEMENTS = {
    "IPython.core.magics.osm:OSMagics": "everloop.magics.system:OSMagics",
    "IPython.core.magics.script:ScriptMagics": "everloop.magics.script:ScriptMagics",
}


def install(manager):
    """Let `manager`, IPython's of magics, have the subclasses; where it loads its own when they are used, so are these."""
    for original, ours in _REPLACEMENTS.items():
        placeholders = [
            (name, kind)
            for kind, table in manager.magics.items()
            for name, magic in table.items()
            if getattr(magic, "spec", None) == original
        ]
        for name, kind in placeholders:
            manager.register_lazy(name, ours, kind)
        if not placeholders:
            module, _, name = ours.partition(":")
            manager.register(getattr(importlib.import_module(module), name))
