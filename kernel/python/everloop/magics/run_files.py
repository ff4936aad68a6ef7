"""Files that the shell runs: with ``await`` in them, and notebooks."""

import ast
import asyncio
import importlib.util
import json
import runpy
import sys
import warnings
from pathlib import Path

from IPython.utils.syspathcontext import prepended_to_syspath

from everloop.magics.code import awaits
from everloop.magics.rest import Rest, run_now
from everloop.magics.system_interrupt import is_interrupt


class FileShell:
    """The part of the shell that runs files, to be inherited from together with IPython's ``InteractiveShell``."""

    @property
    def debugger_cls(self):
        """IPython's debugger, for a kernel."""
        from everloop.magics.debuggers import Debugger

        return Debugger

    def safe_execfile(self, fname, *where, exit_ignore=False, raise_exceptions=False, shell_futures=False):
        """As in IPython, for files that await, too."""
        code = self.awaiting_code(fname)
        if code is None:
            super().safe_execfile(
                fname,
                *where,
                exit_ignore=exit_ignore,
                raise_exceptions=raise_exceptions,
                shell_futures=shell_futures,
            )
        else:
            options = {"exit_ignore": exit_ignore, "raise_exceptions": raise_exceptions}
            run_now(self, Rest(self.execute_awaiting(code, *where, **options)))

    def awaiting_code(self, fname):
        """The code of a file of Python that awaits at its top level; None for all others."""
        if not self.autoawait:
            return None
        path = Path(fname).expanduser().resolve()
        try:
            source = path.read_bytes()
        except OSError:
            return None
        return awaiting_code(source, str(path))

    async def execute_awaiting(self, code, global_ns, local_ns=None, exit_ignore=False, raise_exceptions=False):
        """Run `code` of a file as ``safe_execfile`` does, and await it."""
        directory = str(Path(code.co_filename).parent)
        with prepended_to_syspath(directory), self.builtin_trap:
            try:
                await _debugged(eval(code, global_ns, global_ns if local_ns is None else local_ns))
            except BaseException as error:
                if raise_exceptions:
                    raise
                self._show_failure(error, exit_ignore)

    def _show_failure(self, error, exit_ignore=False):
        """Show what ended a file, as IPython does; raise a cancellation that nobody meant for the file."""
        if isinstance(error, SystemExit):
            if error.code and not exit_ignore:
                self.showtraceback(exception_only=True)
        elif not isinstance(error, asyncio.CancelledError):
            self.showtraceback()
        elif is_interrupt(error):
            asyncio.current_task().uncancel()
            self.showtraceback((KeyboardInterrupt, KeyboardInterrupt(), error.__traceback__))
        else:
            raise error

    def safe_execfile_ipy(self, fname, shell_futures=False, raise_exceptions=False):
        """As in IPython, for cells that await, too."""
        run_now(self, Rest(self.safe_execfile_ipy_async(fname, shell_futures, raise_exceptions)))

    async def safe_execfile_ipy_async(self, fname, shell_futures=False, raise_exceptions=False):
        """As `safe_execfile_ipy`, awaited."""
        path = Path(fname).expanduser().resolve()
        with prepended_to_syspath(str(path.parent)):
            try:
                for cell in _cells(path):
                    result = await self.run_nested_cell(cell, silent=True, shell_futures=shell_futures)
                    if raise_exceptions:
                        result.raise_error()
                    elif not result.success:
                        break
            except Exception:
                if raise_exceptions:
                    raise
                self.showtraceback()
                warnings.warn(f"Unknown failure executing file: <{path}>", stacklevel=2)

    def safe_run_module(self, mod_name, where):
        """As in IPython, for modules that await, too."""
        spec = _module_spec(mod_name) if self.autoawait else None
        source = spec and getattr(spec.loader, "get_source", lambda name: None)(spec.name)
        code = source and awaiting_code(source.encode(), spec.origin)
        if not code:
            super().safe_run_module(mod_name, where)
            return
        run_now(self, Rest(self._execute_module(code, spec, where)))

    async def _execute_module(self, code, spec, where):
        """As ``runpy.run_module`` with `alter_sys`; what the module defines goes to `where`."""
        with runpy._TempModule("__main__") as main, runpy._ModifiedArgv0(spec.origin):
            namespace = main.module.__dict__
            namespace.update(
                __name__="__main__",
                __file__=spec.origin,
                __cached__=spec.cached,
                __doc__=None,
                __loader__=spec.loader,
                __package__=spec.parent,
                __spec__=spec,
            )
            try:
                await eval(code, namespace)
            except BaseException as error:
                self._show_failure(error)
            else:
                where.update(namespace)


async def _debugged(coroutine):
    """`coroutine`, with the debugger's trace function for its own steps alone, if ``%run -d`` has set one."""
    trace = sys.gettrace()
    if trace is None:
        return await coroutine
    from everloop.magics.debuggers import traced

    return await traced(coroutine, trace)


def awaiting_code(source, filename):
    """The code of `source`, Python as bytes, if it awaits at its top level, else None."""
    if b"await" not in source and b"async" not in source:
        return None
    try:
        code = compile(source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        # IPython says what is wrong with it.
        return None
    return code if awaits(code) else None


def _module_spec(name):
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError, AttributeError):
        # IPython says what is wrong with it.
        return None
    return spec


def _cells(path):
    """The sources of the cells of a notebook; a file of IPython's is one cell."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return [text]
    # Not by `nbformat`, which needs an extension for CPython.
    try:
        notebook = json.loads(text)
        if "worksheets" in notebook:
            # As it was before version 4.
            cells = [(cell, cell.get("input")) for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        else:
            cells = [(cell, cell.get("source")) for cell in notebook["cells"]]
        return ["".join(source) for cell, source in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from None
