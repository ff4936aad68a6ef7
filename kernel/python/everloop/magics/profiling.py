"""``%prun`` of code that awaits."""

import contextlib
import cProfile

from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics

from everloop.magics.code import awaits, compiled, may_await, tree_of
from everloop.magics.rest import Rest, instead_of


@magics_class
class AwaitingProfileMagics(ExecutionMagics):
    """``%prun``; `_run_with_profiler` is also what ``%run -p`` uses."""

    @line_cell_magic
    @instead_of(ExecutionMagics.prun)
    def prun(self, parameter_s="", cell=None):
        """As in IPython. What other tasks do while the code waits is not profiled."""
        options, code = self.parse_options(parameter_s, "D:l:rs:T:q", list_all=True, posix=False)
        text = self.shell.transform_cell(code if cell is None else f"{code}\n{cell}")
        if may_await(self.shell, text):
            code = compiled(self.shell, tree_of(self.shell, text), "<string>", "exec")
            if awaits(code):
                return Rest(self._profile(code, options))
        return super().prun(parameter_s, cell)

    async def _profile(self, code, options):
        profile = _Profile()
        namespace = self.shell.user_ns
        await profile.steps_of(eval(code, namespace, namespace))
        with profile.in_the_place_of_the_next():
            return self._run_with_profiler("", options, namespace)


class _Profile(cProfile.Profile):
    """A profile of a coroutine."""

    _exit = None

    async def steps_of(self, coroutine):
        """Await `coroutine`, profiling each of its steps and not what happens between them."""
        try:
            await _Steps(coroutine, self)
        except SystemExit as raised:
            self._exit = raised

    @contextlib.contextmanager
    def in_the_place_of_the_next(self):
        """Let IPython, which makes a profile in order to show it, show this one."""
        original = cProfile.Profile
        cProfile.Profile = lambda: self
        try:
            yield
        finally:
            cProfile.Profile = original

    def runctx(self, cmd, globals, locals):
        """It has run already."""
        if self._exit is not None:
            raise self._exit
        return self


class _Steps:
    def __init__(self, coroutine, profile):
        self._coroutine = coroutine
        self._profile = profile

    def __await__(self):
        step, value = self._coroutine.send, None
        while True:
            self._profile.enable()
            try:
                awaited = step(value)
            except StopIteration as ended:
                return ended.value
            finally:
                self._profile.disable()
            try:
                step, value = self._coroutine.send, (yield awaited)
            except BaseException as raised:
                step, value = self._coroutine.throw, raised
