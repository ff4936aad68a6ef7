"""The debugger: IPython's, at the prompt of which one can ``await``, and that leaves the kernel alone.

The prompt is a question to the front end, while which the loop goes on.
"""

import ast
import bdb
import codeop
import sys
import types

from IPython.core.debugger import InterruptiblePdb
from IPython.core.interactiveshell import InteractiveShell

from everloop.compat import debuggers
from everloop.magics.code import CO_COROUTINE
from everloop.magics.frames import without_ours
from everloop.magics.rest import Rest, run_now
from everloop.parent import parent
from everloop.tracebacks import is_ours

#: What IPython calls the code of cells in.
_RUNS_CELLS = InteractiveShell.run_code.__code__

#: `f_lasti` of a coroutine that has not done anything.
_BEGINNING = 4


class Debugger(InterruptiblePdb):
    """IPython's debugger for a kernel."""

    _has_told_lines = False
    _resumed = None

    def __init__(self, *args, **kwargs):
        # pdb would take SIGINT when a program continues, and keep it.
        kwargs.setdefault("nosigint", True)
        super().__init__(*args, **kwargs)

    def set_trace(self, frame=None, **kwargs):
        """Debug from `frame` on, the caller's by default."""
        cell = parent.get()
        if cell is not None and cell not in self.shell.session.runs:
            sys.stderr.write("A breakpoint in a task whose cell has ended is passed over: there is nobody to ask.\n")
            return
        super().set_trace(frame or sys._getframe().f_back, **kwargs)

    # -- await

    def default(self, line):
        """Run a statement, which may await."""
        try:
            code = self._awaiting_statement(line.removeprefix("!").strip())
        except SyntaxError:
            # pdb says what is wrong with it.
            code = None
        if code is None:
            super().default(line)
            return
        displayhook, sys.displayhook = sys.displayhook, self.displayhook
        try:
            self._await(eval(code, self.curframe.f_globals, self.curframe.f_locals))
        except BaseException:
            self._error_exc()
        finally:
            sys.displayhook = displayhook

    def _awaiting_statement(self, source):
        compile_statement = codeop.CommandCompiler()
        compile_statement.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile_statement(source, "<stdin>", "single")
        while code is None and source.startswith("async "):
            source = f"{source}\n{input('...   ')}"
            code = compile_statement(source, "<stdin>", "single")
        return code if code is not None and code.co_flags & CO_COROUTINE else None

    def _getval(self, arg):
        code = awaiting_code(arg, "eval")
        if code is None:
            return super()._getval(arg)
        try:
            return self._await(eval(code, self.curframe.f_globals, self.curframe.f_locals))
        except BaseException:
            self._error_exc()
            raise

    def _await(self, coroutine):
        return run_now(self.shell, Rest(coroutine))

    def run_awaiting(self, cmd, globals=None, locals=None):
        """As `run`, for a statement that may await."""
        # RustPython does not tell of the first line of a coroutine.
        code = awaiting_code(f"\n{cmd}", "exec")
        if code is None:
            super().run(cmd, globals, locals)
            return
        self.reset()
        coroutine = eval(code, globals, globals if locals is None else locals)
        try:
            self._await(traced(coroutine, self.trace_dispatch))
        except bdb.BdbQuit:
            return
        except Exception as error:
            raise error.with_traceback(without_ours(error, error.__traceback__)) from None

    # -- events

    def trace_dispatch(self, frame, event, arg):
        """The trace function."""
        try:
            return super().trace_dispatch(frame, event, arg)
        except BaseException:
            # As CPython, which no more calls a trace function that has raised.
            sys.settrace(None)
            raise

    def reset(self):
        """Begin anew."""
        self._has_told_lines = False
        super().reset()

    def dispatch_call(self, frame, arg):
        """A function is called, or a coroutine goes on."""
        if frame.f_code.co_flags & CO_COROUTINE and frame.f_lasti > _BEGINNING:
            self._resumed = frame, frame.f_lineno
        return super().dispatch_call(frame, arg)

    def dispatch_line(self, frame):
        """A line begins."""
        self._has_told_lines = True
        resumed, self._resumed = self._resumed, None
        if resumed == (frame, frame.f_lineno):
            # RustPython tells again of the line in which a coroutine awaited.
            return self.trace_dispatch
        if frame.f_code is _RUNS_CELLS:
            # The cell has ended.
            self.set_continue()
            return self.trace_dispatch
        return super().dispatch_line(frame)

    def dispatch_return(self, frame, arg):
        """A function returns."""
        if not self._has_told_lines:
            # RustPython tells of no line in a program that has none, and that is where IPython ends a session.
            self.dispatch_line(frame)
        return super().dispatch_return(frame, arg)

    # -- frames

    def _hidden_predicate(self, frame):
        return is_ours(frame) or super()._hidden_predicate(frame)

    def stop_here(self, frame):
        """Stop in programs, and not in the kernel."""
        if is_ours(frame) or frame.f_code is _RUNS_CELLS:
            return False
        return super().stop_here(frame)


def awaiting_code(source, mode):
    """The code of `source` if it awaits at its top level, else None."""
    try:
        code = compile(source, "<string>", mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return code if code.co_flags & CO_COROUTINE else None


async def traced(coroutine, trace):
    """Await `coroutine` with `trace` as the trace function of its own steps, and of no other task's."""
    return await _steps(coroutine, trace)


@types.coroutine
def _steps(coroutine, trace):
    step, value = coroutine.send, None
    while True:
        outer = sys.gettrace()
        sys.settrace(trace)
        try:
            awaited = step(value)
        except StopIteration as end:
            return end.value
        finally:
            trace = sys.gettrace()
            sys.settrace(outer)
        try:
            step, value = coroutine.send, (yield awaited)
        except BaseException as error:
            step, value = coroutine.throw, error


debuggers.put_in_place(Debugger)
