"""Magics that run whole cells: ``%%capture`` and ``%rerun``."""

from IPython.core import magic_arguments
from IPython.core.displayhook import DisplayHook
from IPython.core.magic import cell_magic, line_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics
from IPython.core.magics.history import HistoryMagics

from everloop.magics.capturing import Capture
from everloop.magics.code import may_await
from everloop.magics.rest import Rest, instead_of


@magics_class
class AwaitingCaptureMagics(ExecutionMagics):
    """``%%capture`` of a cell that awaits."""

    @cell_magic
    @instead_of(ExecutionMagics.capture)
    def capture(self, line, cell):
        """As in IPython; what background tasks show while the cell waits is not captured."""
        if not may_await(self.shell, self.shell.transform_cell(cell)):
            return super().capture(line, cell)
        return Rest(self._capture(magic_arguments.parse_argstring(self.capture, line), cell))

    async def _capture(self, options, cell):
        shown = Capture(self.shell, not options.no_stdout, not options.no_stderr, not options.no_display)
        with shown as captured:
            await self.shell.run_nested_cell(cell)
        if DisplayHook.semicolon_at_end_of_expression(cell):
            self.shell.user_ns.pop(options.output, None)
        elif options.output:
            self.shell.user_ns[options.output] = captured


@magics_class
class AwaitingHistoryMagics(HistoryMagics):
    """``%rerun`` of cells that await."""

    @line_magic
    @instead_of(HistoryMagics.rerun)
    def rerun(self, parameter_s=""):
        """As in IPython."""
        with self.shell.deferred_cells() as cells:
            super().rerun(parameter_s)
        return Rest(self._run(cells)) if cells else None

    async def _run(self, cells):
        for arguments, options in cells:
            await self.shell.run_nested_cell(*arguments, **options)
