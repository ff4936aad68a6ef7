"""``pdb`` in a kernel: its prompt can be interrupted.

Python's own asks again after an interrupt, and takes SIGINT while a program continues. ipykernel puts IPython's
debugger in its place, and so does this, when one of them is imported.
"""

import sys

from everloop.compat.imports import after_import


def install(has_ipython):
    """Watch for the imports."""
    if has_ipython:
        after_import("IPython.core.debugger", _replace)
        # IPython's imports pdb, too.
        after_import("pdb", lambda pdb: __import__("IPython.core.debugger"))
    else:
        after_import("pdb", _make_interruptible)


def _replace(debugger):
    import pdb

    from everloop.magics.debugger import Debugger

    pdb.Pdb = debugger.Pdb = Debugger
    pdb.set_trace = debugger.set_trace


def _make_interruptible(pdb):
    class Pdb(pdb.Pdb):
        """Python's debugger, which an interrupt ends."""

        def __init__(self, *args, **kwargs):
            kwargs.setdefault("nosigint", True)
            super().__init__(*args, **kwargs)

        def _cmdloop(self):
            try:
                self.cmdloop()
            except KeyboardInterrupt:
                self.set_quit()
                sys.settrace(None)
                raise

    pdb.Pdb = Pdb
