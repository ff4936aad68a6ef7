"""``%time`` and ``%timeit`` for code that awaits. For all other code they are IPython's."""

import sys
import time
import timeit

from IPython.core import magic_arguments
from IPython.core.magic import line_cell_magic, magics_class
from IPython.core.magics.execution import ExecutionMagics, TimeitResult, _format_time
from IPython.utils.timing import clock, clock2

from everloop.magics.code import may_await
from everloop.magics.rest import Rest, instead_of
from everloop.magics.timed import Loops, Timed

#: Seconds from which on IPython says how long it took to parse or to compile.
_WORTH_SAYING = 0.1


@magics_class
class AwaitingExecutionMagics(ExecutionMagics):
    """Magics that run code."""

    @line_cell_magic
    @instead_of(ExecutionMagics.time)
    def time(self, line="", cell=None, local_ns=None):
        """As in IPython, of code that awaits too."""
        options, statement = self._time_options(line)
        code = None if statement and cell else self._code(Timed, cell or statement)
        if code is None:
            return super().time(line, cell, local_ns)
        return Rest(self._time(code, local_ns, getattr(options, "no_raise_error", False)))

    def _time_options(self, line):
        if not hasattr(ExecutionMagics.time, "parser"):
            return None, line
        options, rest = magic_arguments.parse_argstring(self.time, line, partial=True)
        return options, " ".join(rest)

    async def _time(self, code, local_ns, no_raise_error):
        value = error = None
        wall, cpu = time.time(), clock2()
        try:
            value = await code.run(self.shell.user_ns, local_ns)
        except (SystemExit, GeneratorExit):
            raise
        except BaseException as raised:
            error = raised
        cpu_end, wall_end = clock2(), time.time()
        _say_times(cpu_end[0] - cpu[0], cpu_end[1] - cpu[1], wall_end - wall)
        if code.compiling > _WORTH_SAYING:
            print(f"Compiler : {_format_time(code.compiling)}")
        if code.parsing > _WORTH_SAYING:
            print(f"Parser   : {_format_time(code.parsing)}")
        try:
            if error is not None and not (no_raise_error and isinstance(error, Exception)):
                raise error
            return value
        finally:
            # Its traceback has this frame.
            del error

    @line_cell_magic
    @instead_of(ExecutionMagics.timeit)
    def timeit(self, line="", cell=None, local_ns=None):
        """As in IPython, of code that awaits too: while it waits, the loop goes on."""
        options, statement = self.parse_options(line, "n:r:tcp:qov:", posix=False, strict=False, preserve_non_opts=True)
        setup, statement = ("pass", statement) if cell is None else (statement, cell)
        loops = self._code(Loops, setup, statement)
        if loops is None:
            return super().timeit(line, cell, local_ns)
        return Rest(self._timeit(loops, options, local_ns if cell is None else None))

    async def _timeit(self, loops, options, local_ns):
        timer = time.time if "t" in options else timeit.default_timer
        timer = clock if "c" in options else timer
        inner = loops.inner(self.shell.user_ns, local_ns)
        number = int(options.get("n", 0)) or await _enough(inner, timer)
        repeat = int(options.get("r", max(timeit.default_repeat, 7)))
        runs = [await inner(number, timer) for _ in range(repeat)]
        best, worst = min(runs) / number, max(runs) / number
        precision = int(options.get("p", 3))
        result = TimeitResult(number, repeat, best, worst, runs, loops.compiling, precision)
        if "q" not in options:
            _say_result(result)
        if "v" in options:
            self.shell.user_ns[options.v] = result
        return result if "o" in options else None

    def _code(self, kind, *texts):
        """`kind` of the transformed `texts`, or None if nothing in them awaits."""
        texts = [self.shell.transform_cell(text) for text in texts]
        if not any(may_await(self.shell, text) for text in texts):
            return None
        code = kind(self.shell, *texts)
        return code if code.awaits else None


def _say_times(user, system, wall):
    user, system, total = map(_format_time, (user, system, user + system))
    cpu = f"total: {total}" if sys.platform == "win32" else f"user {user}, sys: {system}, total: {total}"
    print(f"CPU times: {cpu}\nWall time: {_format_time(wall)}")


async def _enough(inner, timer):
    """How many loops it takes to measure well."""
    for power in range(10):
        if await inner(10**power, timer) >= 0.2:
            break
    return 10**power


def _say_result(result):
    if result.worst > 4 * result.best > 0 and result.worst > 1e-6:
        print(
            f"The slowest run took {result.worst / result.best:0.2f} times longer than the fastest. "
            "This could mean that an intermediate result is being cached."
        )
    print(result)
    if result.compile_time > _WORTH_SAYING:
        print(f"Compiler time: {result.compile_time:.2f} s")
