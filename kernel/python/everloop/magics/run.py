"""``%run``: files that await, and notebooks."""

import builtins
import contextlib
import sys

from IPython.core.magic import line_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics
from IPython.utils.contexts import preserve_keys
from IPython.utils.path import get_py_filename

from everloop.magics.debugger_magics import DebuggingMagics
from everloop.magics.rest import Rest, instead_of


@magics_class
class AwaitingRunMagics(DebuggingMagics):
    """``%run``, by IPython; what it would call to run a file that awaits is awaited instead."""

    @line_magic
    @instead_of(ExecutionMagics.run)
    def run(self, parameter_s="", runner=None, file_finder=get_py_filename):
        """As in IPython."""
        if runner is not None or self.default_runner is not None:
            return super().run(parameter_s, runner, file_finder)
        self._script = script = _Script(self.shell)
        try:
            stats = super().run(parameter_s, script.run, lambda path: _no_cells(file_finder(path)))
        except _Cells as cells:
            return Rest(self._run_cells(cells.filename))
        return stats if script.code is None else Rest(script.go_on())

    def _run_with_timing(self, run, nruns):
        # IPython measures here, so what is to be awaited is run to its end here.
        self._script.is_timed = True
        super()._run_with_timing(run, nruns)

    async def _run_cells(self, filename):
        user_ns = self.shell.user_ns
        with preserve_keys(user_ns, "__file__"):
            user_ns["__file__"] = filename
            await self.shell.safe_execfile_ipy_async(filename, raise_exceptions=True)


class _Cells(Exception):
    """``%run`` has found a file of cells, which IPython would run without awaiting them."""

    def __init__(self, filename):
        super().__init__(filename)
        self.filename = filename


def _no_cells(filename):
    if filename.lower().endswith((".ipy", ".ipynb")):
        raise _Cells(filename)
    return filename


class _Script:
    """Takes the place of ``safe_execfile``: runs a file, or remembers how to when it awaits."""

    def __init__(self, shell):
        self._shell = shell
        self.is_timed = False
        #: That of a file that awaits.
        self.code = None

    def run(self, filename, global_ns, local_ns, exit_ignore=False):
        """Called by IPython when all is in place for the file."""
        code = None if self.is_timed else self._shell.awaiting_code(filename)
        if code is None:
            self._shell.safe_execfile(filename, global_ns, local_ns, exit_ignore=exit_ignore)
            return
        self.code = code
        self._namespace = global_ns
        self._exit_ignore = exit_ignore
        self._name = global_ns["__name__"]
        self._module = sys.modules[self._name]
        self._argv = sys.argv

    async def go_on(self):
        """Run the file. IPython has put back what it had in place, and puts it back again when the file has ended."""
        user_ns, namespace = self._shell.user_ns, self._namespace
        name = namespace.get("__name__")
        namespace["__name__"] = self._name
        with self._in_place():
            await self._shell.execute_awaiting(self.code, namespace, exit_ignore=self._exit_ignore)
        if namespace is user_ns:
            user_ns["__name__"] = name
        else:
            namespace.pop("__name__", None)
            with preserve_keys(user_ns, "__file__"):
                user_ns.update(namespace)
        user_ns["__builtins__"] = builtins

    @contextlib.contextmanager
    def _in_place(self):
        argv, module = sys.argv, sys.modules.get(self._name)
        sys.argv = self._argv
        sys.modules[self._name] = self._module
        try:
            yield
        finally:
            sys.argv = argv
            if module is None:
                sys.modules.pop(self._name, None)
            else:
                sys.modules[self._name] = module
