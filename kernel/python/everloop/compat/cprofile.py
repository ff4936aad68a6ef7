"""The module ``cProfile``, which RustPython lacks: deterministic profiling through ``sys.setprofile``.

https://docs.python.org/3/library/profile.html#module-cProfile. The time that the profiler itself takes is in none of
its numbers. Calls of built-in functions that RustPython has specialised are not reported to it, and count as their caller's.
"""

import sys
import types
from time import perf_counter

__all__ = ["Profile", "run", "runctx"]


class Profile:
    """A profiler, to be used around code with `enable` and `disable`, with ``with``, or through `run`.

    `timer` is a function that returns the time, as a number of `timeunit` seconds; `subcalls` asks for the callers of
    each function, `builtins` for functions that are not written in Python.
    """

    def __init__(self, timer=None, timeunit=0.0, subcalls=True, builtins=True):
        self._timer = timer or perf_counter
        self._unit = timeunit or 1
        self._subcalls, self._builtins = subcalls, builtins
        self.clear()

    def clear(self):
        """Forget what was measured."""
        self.stats = {}
        self._functions = {}
        self._calls = []
        # The time that profiled code has taken, and when it went on after the last event.
        self._elapsed, self._since = 0, 0

    def enable(self, subcalls=True, builtins=True):
        """Start to measure what the calling thread does."""
        self._subcalls, self._builtins = subcalls, builtins
        self._since = self._timer()
        sys.setprofile(self._handle)

    def disable(self):
        """Stop to measure. What was measured stays, and more can be added to it."""
        sys.setprofile(None)
        # This call, and that of `setprofile` in it.
        if self._calls and self._calls[-1].function.key == _SETPROFILE:
            self._calls.pop()
        while self._calls:
            self._leave()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *error):
        self.disable()

    # -- measuring

    def _handle(self, frame, event, argument):
        now = self._timer()
        self._elapsed += now - self._since
        if event == "call":
            self._enter(id(frame.f_code), frame.f_code)
        elif event == "return":
            self._leave()
        elif self._builtins and not isinstance(argument, type):
            # As in CPython, a class is not a function.
            if event == "c_call":
                self._enter(_key_of(argument), None)
            else:
                self._leave()
        self._since = self._timer()

    def _enter(self, key, code):
        function = self._functions.get(key)
        if function is None:
            function = self._functions[key] = _Function(key, code)
        caller = None
        if self._subcalls and self._calls:
            caller = function.counts_of(self._calls[-1].function)
            caller.depth += 1
        function.counts.depth += 1
        self._calls.append(_Call(function, caller, self._elapsed))

    def _leave(self):
        # What was called before the profiler was enabled returns to it, too.
        if not self._calls:
            return
        call = self._calls.pop()
        total = self._elapsed - call.begun
        if self._calls:
            self._calls[-1].inside += total
        call.function.counts.add(total, total - call.inside)
        if call.caller is not None:
            call.caller.add(total, total - call.inside)

    # -- what was measured

    def create_stats(self):
        """Stop to measure, and put the numbers into `stats`, in the form of ``pstats``."""
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Put the numbers until now into `stats`."""
        self.stats = {}
        for function in self._functions.values():
            callers = {caller.label: counts.by_a_caller(self._unit) for caller, counts in function.callers.items()}
            if function.counts.calls:
                self.stats[function.label] = (*function.counts.in_all(self._unit), callers)

    def print_stats(self, sort=-1):
        """Print the numbers, sorted by `sort`: a key of ``pstats`` or several."""
        import pstats

        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        """Write the numbers to `file`, for ``pstats``."""
        import marshal

        self.create_stats()
        with open(file, "wb") as opened:
            marshal.dump(self.stats, opened)

    # -- running code

    def run(self, cmd):
        """Profile `cmd`, a string or a code object, in ``__main__``."""
        import __main__

        return self.runctx(cmd, __main__.__dict__, __main__.__dict__)

    def runctx(self, cmd, globals, locals):
        """Profile `cmd` in these namespaces."""
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kwargs):
        """Profile a call of `func`; returns what it returns."""
        self.enable()
        try:
            return func(*args, **kwargs)
        finally:
            self.disable()


Profile.__module__ = "cProfile"


class _Counts:
    """How often, and for how long: of a function, or of its calls by one caller."""

    __slots__ = ("calls", "cumulative", "depth", "inline", "primitive")

    def __init__(self):
        self.calls = self.primitive = self.depth = 0
        self.inline = self.cumulative = 0

    def add(self, cumulative, inline):
        self.depth -= 1
        self.calls += 1
        self.inline += inline
        # Of a function that calls itself, the outermost call has the time of all.
        if self.depth == 0:
            self.primitive += 1
            self.cumulative += cumulative

    def in_all(self, unit):
        return self.primitive, self.calls, self.inline * unit, self.cumulative * unit

    def by_a_caller(self, unit):
        # The other way round than above, which `pstats` knows.
        return self.calls, self.primitive, self.inline * unit, self.cumulative * unit


class _Function:
    """A function that was called: `code` is None if it is not written in Python."""

    __slots__ = ("callers", "code", "counts", "key")

    def __init__(self, key, code):
        self.key, self.code = key, code
        self.counts = _Counts()
        self.callers = {}

    def counts_of(self, caller):
        counts = self.callers.get(caller)
        if counts is None:
            counts = self.callers[caller] = _Counts()
        return counts

    @property
    def label(self):
        """What ``pstats`` knows it by."""
        if self.code is _DISABLE:
            return ("~", 0, "<method 'disable' of '_lsprof.Profiler' objects>")
        if self.code is not None:
            return (self.code.co_filename, self.code.co_firstlineno, self.code.co_name)
        owner, name = self.key
        if isinstance(owner, type):
            return ("~", 0, f"<method {name!r} of {owner.__name__!r} objects>")
        return ("~", 0, f"<built-in method {owner}.{name}>" if owner else f"<built-in method {name}>")


class _Call:
    """A call that has not returned yet. `inside` is the time of the calls that it made."""

    __slots__ = ("begun", "caller", "function", "inside")

    def __init__(self, function, caller, begun):
        self.function, self.caller, self.begun = function, caller, begun
        self.inside = 0


def _key_of(function):
    name = getattr(function, "__name__", None) or type(function).__name__
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, types.ModuleType):
        return getattr(function, "__objclass__", None) or getattr(function, "__module__", None), name
    return owner if isinstance(owner, type) else type(owner), name


_DISABLE = Profile.disable.__code__
_SETPROFILE = _key_of(sys.setprofile)


def run(statement, filename=None, sort=-1):
    """Profile `statement` in ``__main__``; print the numbers, or write them to `filename`."""
    _utilities().run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    """As `run`, in these namespaces."""
    _utilities().runctx(statement, globals, locals, filename, sort)


def _utilities():
    import profile

    return profile._Utils(Profile)
