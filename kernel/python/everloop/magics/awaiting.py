"""What the shell needs to await magics."""

import contextlib
import inspect
import sys
from contextvars import ContextVar

from IPython.core.magic import MagicAlias

from everloop.magics import frames, table
from everloop.magics.rest import Rest, drives_asyncio, run_now
from everloop.magics.rewriting import MARK, Compiler, Rewriting

#: Whether the cell that runs has magics, and is run by somebody who awaits it.
_awaits_magics = ContextVar("everloop_awaits_magics", default=False)
#: Whether cells run inside of a call of `run_cell`, by a runner that does not take turns of the loop.
_is_synchronous = ContextVar("everloop_is_synchronous", default=False)
#: The list that takes the arguments of a call of `run_cell`, in the place of running the cell.
_deferred = ContextVar("everloop_deferred_cells", default=None)


class AwaitingShell:
    """The part of the shell that awaits magics, to be inherited from together with IPython's ``InteractiveShell``."""

    def init_magics(self):
        """As in IPython, with our own in the place of some."""
        super().init_magics()
        table.register(self.magics_manager)

    async def run_line_magic_async(self, magic_name, line, _stack_depth=1):
        """As `run_line_magic`; awaits the magic if it can be awaited."""
        call = self._call(self.find_line_magic(magic_name), magic_name)
        if call is None:
            return self.run_line_magic(magic_name, line, _stack_depth + 1)
        return await call.ended(self.run_line_magic(call, line, _stack_depth + 1))

    async def run_cell_magic_async(self, magic_name, line, cell):
        """As `run_cell_magic`; awaits the magic if it can be awaited."""
        call = self._call(self.find_cell_magic(magic_name), magic_name)
        if call is None:
            return self.run_cell_magic(magic_name, line, cell)
        return await call.ended(self.run_cell_magic(call, line, cell))

    def rewritten(self, node):
        """`node`, the AST of code that can await, with the calls of magics awaited."""
        if self.user_ns.get("get_ipython") != self.get_ipython:
            return node
        return self._rewriting.visit(node)

    @property
    def _rewriting(self):
        methods = ("run_line_magic", "run_cell_magic", "system", "getoutput")
        return Rewriting([name for name in methods if hasattr(self, f"{name}_async")])

    # -- which cells

    def run_cell(self, *args, **kwargs):
        """As in IPython. Other runners than asyncio's cannot be entered again: then the cell's magics are not awaited."""
        deferred = _deferred.get()
        if deferred is not None:
            deferred.append((args, kwargs))
            return None
        token = _is_synchronous.set(not drives_asyncio(self))
        try:
            return super().run_cell(*args, **kwargs)
        finally:
            _is_synchronous.reset(token)

    @contextlib.contextmanager
    def deferred_cells(self):
        """A list of ``(args, kwargs)``: those of the calls of `run_cell` made inside, whose cells do not run yet."""
        token = _deferred.set([])
        try:
            yield _deferred.get()
        finally:
            _deferred.reset(token)

    async def run_nested_cell(self, raw_cell, store_history=False, silent=False, shell_futures=True):
        """As `run_cell`, awaited."""
        text, failure = raw_cell, None
        try:
            text = self.transform_cell(raw_cell)
        except Exception:
            failure = sys.exc_info()
        result = None
        try:
            result = await self.run_cell_async(
                raw_cell,
                store_history=store_history,
                silent=silent,
                shell_futures=shell_futures,
                transformed_cell=text,
                preprocessing_exc_tuple=failure,
            )
        finally:
            self.events.trigger("post_execute")
            if not silent:
                self.events.trigger("post_run_cell", result)
        return result

    def should_run_async(self, raw_cell, *, transformed_cell=None, preprocessing_exc_tuple=None):
        """As in IPython; magics may have to be awaited, too."""
        if super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, preprocessing_exc_tuple=preprocessing_exc_tuple
        ):
            return True
        return self.autoawait and self._awaits_magics(transformed_cell)

    async def run_cell_async(self, raw_cell, *args, transformed_cell=None, **kwargs):
        """As in IPython."""
        _awaits_magics.set(self._awaits_magics(transformed_cell))
        return await super().run_cell_async(raw_cell, *args, transformed_cell=transformed_cell, **kwargs)

    def _awaits_magics(self, text):
        # The text tells sooner than its tree whether there is anything to await.
        return _has_magics(text) and not _is_synchronous.get() and not self.is_on_thread

    async def run_ast_nodes(self, nodelist, cell_name, interactivity="last_expr", compiler=compile, result=None):
        """As in IPython."""
        if _awaits_magics.get():
            compiler = Compiler(self, compiler)
        return await super().run_ast_nodes(nodelist, cell_name, interactivity, compiler=compiler, result=result)

    # -- what a call of a magic finds

    def _call(self, function, name):
        magic, parameters = self._behind_aliases(function)
        if inspect.iscoroutinefunction(magic):
            start = magic
        elif hasattr(magic, "awaiting"):
            start = magic.awaiting.__get__(magic.__self__)
        else:
            return None
        return _Call(name, self, function, start, parameters)

    def _behind_aliases(self, function):
        parameters, seen = "", []
        while isinstance(function, MagicAlias) and function not in seen:
            seen.append(function)
            if function.magic_params:
                parameters = f"{function.magic_params} {parameters}"
            function = self.find_magic(function.magic_name, function.magic_kind)
        return function, parameters

    def _find_with_lazy_load(self, type_, magic_name):
        if isinstance(magic_name, _Call):
            return magic_name
        return super()._find_with_lazy_load(type_, magic_name)

    # -- errors

    def _get_exc_info(self, exc_tuple=None):
        etype, value, tb = super()._get_exc_info(exc_tuple)
        return etype, value, frames.without_ours(value, tb)


def _has_magics(text):
    return text is not None and MARK in text


class _Call(str):
    """One call of a magic: its name, in the place of which it goes through IPython, and the magic that IPython finds.

    IPython knows how a magic is called; this one keeps what there is to await, :meth:`ended` awaits it.
    """

    def __new__(cls, name, *args):
        return super().__new__(cls, name)

    def __init__(self, name, shell, function, start, parameters):
        self._shell = shell
        self._function = function
        self._start = start
        self._parameters = parameters
        self._coroutine = None

    def __getattr__(self, name):
        # `needs_local_scope` and the like: how IPython calls what it found.
        return getattr(self._function, name)

    def __call__(self, line, *args, **kwargs):
        result = self._start(self._parameters + line, *args, **kwargs)
        if isinstance(result, Rest):
            if result.needs_asyncio and not drives_asyncio(self._shell):
                return run_now(self._shell, result)
            self._coroutine = result.coroutine
        elif inspect.iscoroutine(result):
            self._coroutine = result
        else:
            return result
        return self

    async def ended(self, result):
        """The value of the magic; `result` is what IPython made of the call."""
        if self._coroutine is None:
            return result
        value = await self._coroutine
        # `None` is IPython's word for a value that a semicolon silences.
        return None if result is None else value
