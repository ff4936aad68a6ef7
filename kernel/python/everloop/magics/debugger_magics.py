"""``%debug`` and ``%%debug`` of statements that await."""

import functools

from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics

from everloop.magics.debuggers import awaiting_code


@magics_class
class AwaitingDebugMagics(ExecutionMagics):
    """``%debug``, by IPython; the debugger that it calls awaits."""

    @line_cell_magic
    @functools.wraps(ExecutionMagics.debug)
    def debug(self, line="", cell=None, local_ns=None):
        """As in IPython."""
        super().debug(line, cell, local_ns)

    def _run_with_debugger(self, code, *args, **kwargs):
        if not self.shell.autoawait or awaiting_code(code, "exec") is None:
            super()._run_with_debugger(code, *args, **kwargs)
            return
        tracebacks = self.shell.InteractiveTB
        if not tracebacks.pdb:
            tracebacks.pdb = tracebacks.debugger_cls()
        tracebacks.pdb.run = tracebacks.pdb.run_awaiting
        try:
            super()._run_with_debugger(code, *args, **kwargs)
        finally:
            del tracebacks.pdb.run
