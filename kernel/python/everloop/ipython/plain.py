"""Cells in which nobody has a say but Python: what IPython's shell does for them, without what it does for others.

For a cell such as `pass` IPython asks transformers, checkers and events, validates traits, and makes a tree of objects
for the compiler to read back: a third of a millisecond here. A cell is *plain* when nothing is there that could see the
difference: it has no syntax of IPython's, nothing is registered that would rewrite it, and nobody has replaced a method.
Then it runs here, and what can be seen of it is the same: history, events, ``Out``, the last result, tracebacks.
"""

import linecache
import sys
import warnings
from operator import is_

from IPython.core.autocall import IPyAutocall
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from IPython.core.macro import Macro

import _everloop
from everloop import runners
from everloop.ipython.shell import ZMQInteractiveShell
from everloop.ipython.traits import put

CO_COROUTINE = 0x80

# What a cell goes through in IPython, ours and its own.
_METHODS = (
    "run_cell_async",
    "run_ast_nodes",
    "run_code",
    "transform_cell",
    "transform_ast",
    "showtraceback",
    "should_run_async",
)
_IMPLEMENTED = tuple(
    (shell, name, getattr(shell, name)) for shell in (ZMQInteractiveShell, InteractiveShell) for name in _METHODS
)

# What decides how a cell runs; traits are slow to read.
_TRAITS = (
    "ast_node_interactivity",
    "ast_transformers",
    "autoawait",
    "autocall",
    "builtin_trap",
    "display_trap",
    "execution_count",
    "history_manager",
    "input_transformer_manager",
    "input_transformers_post",
    "loop_runner",
    "magics_manager",
    "prefilter_manager",
)

_WARNS, _TO_EXIT = InteractiveShell.run_code, "To exit: use 'exit', 'quit', or Ctrl-D."

# An older IPython counts a cell when it has ended, which the cell can see.
_COUNTS_FIRST = hasattr(ExecutionInfo, "transformed_cell")


class PlainCells:
    """Runs the plain ones of the cells of `ip`, a shell that has just been made.

    `begins` is the kernel's own callback for the beginning of a cell, which is registered.
    """

    def __init__(self, ip, begins):
        self._ip = ip
        self._traits = ip._trait_values
        for name in _TRAITS:
            # Which puts the default there.
            getattr(ip, name)
        self._transformers = ip.input_transformer_manager
        self._prefilter = ip.prefilter_manager
        self._checkers = list(self._prefilter.checkers)
        self._magics = ip.magics_manager
        self._compiler = ip.compile
        self._flags = ip.compile.flags
        display_pub = ip.display_pub
        self._own_callbacks = {
            "pre_execute": [ip._clear_warning_registry, display_pub._on_pre_execute, begins],
            "post_execute": [display_pub._on_post_execute],
        }

    # -- whether a cell is plain

    def statements(self, run):
        """The text of the cell as Python and its ``_everloop.Statements``, or None if it is not plain."""
        plain = _everloop.plain_cell(run.cell.code)
        if plain is None or run.thread is not None or not self._is_left_alone():
            return None
        text, word = plain
        if word is not None and self._may_mean_more(word):
            return None
        try:
            mode = "exec" if run.cell.silent else "single"
            return text, _everloop.Statements(text, "", self._traits["autoawait"], mode)
        except SyntaxError:
            return None

    def _is_left_alone(self):
        """Whether nothing would rewrite a cell or run it in another way."""
        ip, traits = self._ip, self._traits
        return (
            not traits["ast_transformers"]
            and not traits["input_transformers_post"]
            and traits["ast_node_interactivity"] == "last_expr"
            and traits["loop_runner"] is runners.asyncio
            and traits["input_transformer_manager"] is self._transformers
            and traits["prefilter_manager"] is self._prefilter
            and ip.compile is self._compiler
            and self._compiler.flags == self._flags
            and not ip.custom_exceptions
            and self._transformers.is_native()
            and traits["builtin_trap"]._nested_level > 0
            and traits["display_trap"]._nested_level > 0
            and ip.__class__ is ZMQInteractiveShell
            and ip.__dict__.keys().isdisjoint(_METHODS)
            and _everloop.still_have(_IMPLEMENTED)
        )

    def _may_mean_more(self, word):
        """Whether a line that begins with `word` may be a magic, a macro or a call without parentheses."""
        ip, magics = self._ip, self._magics._trait_values
        return (
            bool(self._traits["autocall"])
            or self._traits["magics_manager"] is not self._magics
            or word in magics["magics"]["line"]
            or word in magics.get("lazy_magics", ())
            or isinstance(ip.user_ns.get(word), (Macro, IPyAutocall))
            or bool(self._prefilter.transformers)
            or self._prefilter.checkers != self._checkers
        )

    # -- running it

    async def run_cell_async(self, run, text, statements):
        """The cell's coroutine; its result is the ``ExecutionResult``. It has the name that IPython's own has."""
        # As in IPython: what is above is not the user's.
        __tracebackhide__ = "__ipython_bottom__"
        ip = self._ip
        result = None
        try:
            result = self._begin(run, text, statements)
            names, variables, before = ip.user_global_ns, ip.user_ns, sys.excepthook
            ip.sys_excepthook = before
            # Few coroutines and few calls: on a path that is walked once for each cell each of them is cold.
            while (code := self._next(statements, result)) is not None:
                sys.excepthook = ip.excepthook
                try:
                    if code.co_flags & CO_COROUTINE:
                        await eval(code, names, variables)
                    else:
                        exec(code, names, variables)
                except BaseException as error:
                    sys.excepthook = before
                    result.error_in_exec = error
                    # Without this frame, as IPython leaves its own out.
                    error.__traceback__ = error.__traceback__.tb_next or error.__traceback__
                    ip.plain_error = error
                    self._show(error)
                    break
                sys.excepthook = before
            self._finish(run, result)
        finally:
            self._end(run, result)
        return result

    def _begin(self, run, text, statements):
        """Count the cell, tell those who want to know and remember it; returns what its result goes to."""
        ip, cell = self._ip, run.cell
        code, silent, stores = cell.code, cell.silent, cell.store_history
        info = ExecutionInfo(code, stores, silent, True, cell.metadata.get("cellId"), transformed_cell=text)
        result = ExecutionResult(info)
        number = result.execution_count = self._traits["execution_count"]
        if stores and not silent:
            put(ip, execution_count=number + 1)
        self._tell_of_beginning(run)
        if not silent:
            if ip.events.callbacks["pre_run_cell"]:
                ip.events.trigger("pre_run_cell", info)
            if stores:
                self._traits["history_manager"].store_inputs(number, text, code)
            logger = ip.logger
            if logger.log_active:
                logger.log(text, code)
        statements.filename = self._compiler.cache(text, number, raw_code=code)
        run.exec_result = result
        return result

    def _next(self, statements, result):
        """The code of the next statement, or None: the last one has run, or this one does not compile."""
        try:
            return next(statements, None)
        except BaseException as error:
            # It was parsed and means nothing, as a `return`.
            result.error_before_exec = error
            self._ip.showtraceback()
            return None

    def _finish(self, run, result):
        """Remember what came of the cell."""
        ip = self._ip
        succeeded = result.error_in_exec is None and result.error_before_exec is None
        put(ip, last_execution_succeeded=succeeded, last_execution_result=result)
        run.exec_result = None
        if result.info.store_history and not result.info.silent:
            self._traits["history_manager"].store_result(result.execution_count, result.error_in_exec)

    def _end(self, run, result):
        self._tell_of_end()
        events = self._ip.events
        if events.callbacks["post_run_cell"] and not run.cell.silent:
            events.trigger("post_run_cell", result)

    def _show(self, error):
        ip = self._ip
        if isinstance(error, SystemExit):
            ip.showtraceback(exception_only=True)
            _warn_of_exit()
        elif "bdb" in sys.modules and isinstance(error, sys.modules["bdb"].BdbQuit):
            # The user has left the debugger.
            return
        elif isinstance(error, ip.custom_exceptions):
            ip.CustomTB(type(error), error, error.__traceback__)
        else:
            # None of the frames is IPython's own, which it would leave out.
            ip.showtraceback(running_compiled_code=True, tb_offset=0)

    # -- events

    def _tell_of_beginning(self, run):
        if not self._are_own("pre_execute"):
            self._ip.events.trigger("pre_execute")
            return
        # What the callbacks do that IPython and the kernel have registered.
        self._ip.user_global_ns.pop("__warningregistry__", None)
        self._ip.display_pub._in_post_execute = False
        run.begun.set()

    def _tell_of_end(self):
        if self._are_own("post_execute"):
            self._ip.display_pub._in_post_execute = True
        else:
            self._ip.events.trigger("post_execute")

    def _are_own(self, event):
        """Whether the callbacks of `event` are those that IPython and the kernel have registered."""
        functions, own = self._ip.events.callbacks[event], self._own_callbacks[event]
        # The same objects, once that has been found out: to compare methods takes longer than to call them.
        if len(functions) == len(own) and all(map(is_, functions, own)):
            return True
        if functions != own:
            return False
        self._own_callbacks[event] = list(functions)
        return True


def _warn_of_exit():
    """As IPython does, from where it does."""
    code, lines = _WARNS.__code__, linecache.getlines(_WARNS.__code__.co_filename)
    last = len(lines)
    line = next((number for number in range(code.co_firstlineno, last) if _TO_EXIT in lines[number - 1]), last)
    known = _WARNS.__globals__.setdefault("__warningregistry__", {})
    warnings.warn_explicit(_TO_EXIT, UserWarning, code.co_filename, line, registry=known)


def plain_cells(ip, begins):
    """A :class:`PlainCells`, or None where IPython is too old for it."""
    return PlainCells(ip, begins) if _COUNTS_FIRST else None
