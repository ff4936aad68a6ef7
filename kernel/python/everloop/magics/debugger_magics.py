"""The debugger for magics: ``%debug`` and ``%%debug`` of statements that await, ``%run -d``."""

import functools

from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics

from everloop.magics.debuggers import awaiting_code


class DebuggingMagics(ExecutionMagics):
    """What runs code in the debugger, which can await it."""

    def _run_with_debugger(self, code, *args, **kwargs):
        tracebacks = self.shell.InteractiveTB
        if not tracebacks.pdb:
            tracebacks.pdb = tracebacks.debugger_cls()
        debugger = tracebacks.pdb
        if self.shell.autoawait and awaiting_code(code, "exec") is not None:
            debugger.run = debugger.run_awaiting
        try:
            super()._run_with_debugger(code, *args, **kwargs)
        finally:
            vars(debugger).pop("run", None)
            # They would be those of every debugger to come.
            debugger.clear_all_breaks()


@magics_class
class AwaitingDebugMagics(DebuggingMagics):
    """``%debug``, by IPython."""

    @line_cell_magic
    @functools.wraps(ExecutionMagics.debug)
    def debug(self, line="", cell=None, local_ns=None):
        """As in IPython."""
        super().debug(line, cell, local_ns)
