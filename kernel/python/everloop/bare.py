"""Cells without IPython: plain Python, statement by statement."""

import contextlib
import sys

import _everloop
from everloop import help, tracebacks
from everloop.autoawait import Autoawait
from everloop.commands import command
from everloop.displayhook import DisplayHook
from everloop.namespace import Namespace
from everloop.run import CannotAwait, is_given_up

CO_COROUTINE = 0x80

#: No attribute can be set on these, so that they look the same with and without IPython.
TEXT_ONLY = frozenset({bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range})


class IPythonIsMissing(ModuleNotFoundError):
    """A cell needs IPython; shown as one line. `shortage` is what keeps it from being loaded where it is installed."""

    def __init__(self, shortage=None):
        reason = "which this kernel's environment does not have: `%pip install ipython`"
        if shortage is not None:
            reason = f"which cannot be loaded now: {shortage}"
        super().__init__(f"magics, shell commands and help are IPython's, {reason}", name="IPython")

    def _render_traceback_(self):
        return [str(self)]


class BareShell:
    """Runs cells until IPython takes over, or for good where it is not installed.

    `execution_count` is the number of the last cell that was counted. `session` is the :class:`everloop.shell.Shell`
    that it runs cells for.
    """

    def __init__(self, session):
        self._session = session
        self.namespace = Namespace(session.leave)
        self.user_ns = self.namespace.user_ns
        self.autoawait = Autoawait(self.user_ns)
        self._commands = {
            "autoawait": self.autoawait.command,
            "autocancel": session.tasks.autocancel,
            "cancel": session.tasks.cancel,
            "concurrent": session.tasks.concurrent,
            "pip": self._pip,
            "tasks": session.tasks.tasks,
        }
        self.execution_count = 0
        #: The text of each result that was shown, by the number of its cell.
        self.result_texts = {}
        self.displayhook = sys.displayhook = DisplayHook(self.namespace, lambda: self.execution_count)

    def count(self, cell):
        """Count the cell if it is to be counted; returns what its messages carry as ``execution_count``."""
        if cell.store_history and cell.code and not cell.code.isspace():
            self.execution_count += 1
            self.namespace.record_input(self.execution_count, cell.code)
            _everloop.record_input(self.execution_count, cell.code)
        return self.execution_count

    async def run(self, run):
        """Run a cell, a :class:`everloop.run.Run`; returns its reply, without count and payload."""
        run.begun.set()
        try:
            coroutine, asynchronous = self._code_of(run)
            # An interrupt is raised inside of it and nowhere else in the shell.
            expressions = await self.autoawait.run(coroutine, run.cell, asynchronous)
        except BaseException as raised:
            if is_given_up(raised):
                raise
            error = run.cell.interrupt_of(raised)
            language = await self._session.best_language()
            return await tracebacks.show_in_cell(language.failed, error, run)
        return {"status": "ok", "user_expressions": expressions}

    def failed(self, error, run):
        """Show `error`; returns the reply of the cell that it ended."""
        # For `pdb.pm()` and `traceback.print_last()`, unless the exception keeps its traceback to itself.
        with contextlib.suppress(Exception):
            sys.last_exc = sys.last_value = error
            sys.last_type, sys.last_traceback = type(error), error.__traceback__
        return tracebacks.failed(error, run)

    def show(self, value, number):
        """Publish `value` as the result of cell `number`."""
        text = self.displayhook.show(value, number)
        if text is not None:
            self.result_texts[number] = text
            _everloop.record_output(number, text)

    async def evaluate(self, expressions):
        """The `user_expressions` of a reply; they may await."""
        return {name: await self._expression(text) for name, text in expressions.items()}

    def _code_of(self, run):
        """The coroutine of the cell, and whether it awaits at its top level. A command of ours is no Python."""
        code = run.code
        leave = self.namespace.exit_command(code)
        asked = help.question(code)
        called = command(code)
        if leave is not None:
            return _call(leave), False
        if asked is not None:
            return _call(self._answer, *asked), False
        if called is not None and called[0] in self._commands:
            name, parameter = called
            return _call(self._commands[name], parameter), False
        lines_above = run.lines_above
        to_compile = _below_jit(code)
        if to_compile is not None:
            lines_above += code.count("\n") - to_compile.count("\n")
            code = to_compile
        if _everloop.needs_ipython(code):
            loading = self._session.loading
            raise IPythonIsMissing(None if loading is None else loading.shortage)
        code = "\n" * lines_above + _transformed(code)
        filename = tracebacks.register_cell(run.number, code)
        statements = _everloop.Statements(code, filename, self.autoawait.enabled, "eval", to_compile is not None)
        is_silenced = run.cell.silent or _everloop.is_silenced(code)
        return self.run_cell_async(run, statements, is_silenced), statements.asynchronous

    def _answer(self, name, detail_level):
        self._session.run.payload.extend(filter(None, [help.answer(name, detail_level, self.user_ns)]))

    def _pip(self, arguments):
        from everloop import packages
        from everloop.ipython import loading
        from everloop.magics.rest import Rest, run_now

        run_now(None, Rest(packages.pip(arguments), needs_asyncio=True))
        if self._session.loading is None:
            # It may have been IPython.
            loading.begin(self._session)

    async def run_cell_async(self, run, statements, is_silenced):
        """The cell's coroutine: what a runner gets. It has the name that IPython's has, which runners show."""
        value = None
        if run.thread is not None and statements.asynchronous:
            raise CannotAwait
        for code in statements:
            if run.thread is not None:
                value = await run.thread.call(eval, code, self.user_ns)
                continue
            value = eval(code, self.user_ns)
            if code.co_flags & CO_COROUTINE:
                value = await value
        if value is not None and not is_silenced:
            # Others may show themselves in a way that IPython can be told about.
            language = self if type(value) in TEXT_ONLY else await self._session.best_language()
            language.show(value, run.number)
        if not run.cell.user_expressions:
            return {}
        language = await self._session.best_language()
        return await language.evaluate(run.cell.user_expressions)

    async def _expression(self, text):
        try:
            value = None
            for code in _everloop.Statements(text, "<user_expression>", self.autoawait.enabled):
                value = eval(code, self.user_ns)
                if code.co_flags & CO_COROUTINE:
                    value = await value
            from everloop.formatters import format

            data, metadata = format(value)
        except Exception as error:
            ename, evalue, traceback = tracebacks.render(error)
            return {"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback}
        return {"status": "ok", "data": data, "metadata": metadata}


def _below_jit(code):
    """What follows a first line ``%%jit``, which asks for the cell's functions to be compiled; else None."""
    first, _, rest = code.lstrip().partition("\n")
    return rest if first.rstrip(" \t") == "%%jit" else None


def _transformed(code):
    try:
        return _everloop.transform_cell(code)
    except IndentationError:
        # The compiler says where in the cell.
        return code


async def _call(function, *args):
    function(*args)
    return {}
