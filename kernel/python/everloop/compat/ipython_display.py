"""``IPython.display`` without an IPython shell.

Its functions print to the terminal when no IPython shell runs, so `display(HTML(...))`, the first line of many
notebooks, would show nothing. When IPython's module has been executed, ours take their place in it; its classes
(`HTML`, `Image`, `Markdown`, ...) stay, since they need no shell.
"""

from everloop.compat.imports import after_import

_NAMES = ("display", "update_display", "clear_output", "publish_display_data", "DisplayHandle")


def install():
    """Watch for the import of IPython's module."""
    after_import("IPython.core.display_functions", _replace)


def _replace(module):
    from everloop import display

    for name in _NAMES:
        setattr(module, name, getattr(display, name))
