"""``pdb`` in a kernel: its prompt can be interrupted, and where IPython is, it is IPython's.

Python's own asks again after an interrupt, and takes SIGINT while a program continues. ipykernel puts IPython's
debugger in its place; so does this, when both are there. Nothing here imports IPython while ``pdb`` is imported: the
thread that loads IPython may be about to import ``pdb``, and each would wait for the other.
"""

import builtins
import sys

from everloop.compat.imports import after_import

_has_taken_over = False


def install():
    """Watch for the import of ``pdb``."""
    after_import("pdb", _imported)


def take_over():
    """IPython is loaded: let its debugger, which is ours, be that of ``pdb`` too."""
    global _has_taken_over
    _has_taken_over = True
    after_import("IPython.core.debugger", lambda debugger: _import_ours())
    if "pdb" in sys.modules:
        _import_ours()


def cell_ended():
    """Called when a cell has ended and leaves a trace function: who stepped out of it is not asked again in the next one."""
    trace = sys.gettrace()
    debugger = getattr(trace, "__self__", None)
    if "bdb" in sys.modules and isinstance(debugger, sys.modules["bdb"].Bdb):
        # It goes on for breakpoints that the user has set.
        debugger.set_continue()


def put_in_place(debugger_class):
    """Called when IPython's debugger and ours are imported."""
    import pdb

    from IPython.core import debugger

    pdb.Pdb = debugger.Pdb = debugger_class
    pdb.set_trace = debugger.set_trace


def _imported(pdb):
    _make_interruptible(pdb)
    # Else IPython's is what imports it, and ours will be imported then.
    if _has_taken_over and "IPython.core.debugger" not in sys.modules:
        _import_ours()


def _import_ours():
    import everloop.magics.debuggers  # noqa: F401


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

    def set_trace(*, header=None, commands=None):
        # Where IPython is installed, this loads it.
        getattr(builtins, "get_ipython", lambda: None)()
        debugger = pdb.Pdb()
        if header is not None:
            debugger.message(header)
        debugger.rcLines.extend(commands or ())
        debugger.set_trace(sys._getframe().f_back)

    pdb.Pdb, pdb.set_trace = Pdb, set_trace
