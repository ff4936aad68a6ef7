"""When IPython is loaded: by the first cell that needs it, or while nobody waits.

A thread imports it, so that a plain cell never waits; the shell itself is made on the interpreter thread between two
cells, or in the cell that asks for it. A cell that imports waits until the thread is through: there is no lock around
all of Python, and what the one imports goes through dictionaries that the other changes.
"""

import _thread
import builtins
import contextlib
import errno
import linecache
import os
import sys
import threading
from functools import partial

import _everloop
from everloop.compat import debuggers
from everloop.compat.imports import after_import
from everloop.event import Event
from everloop.streams import own_streams, say

#: Seconds after the start in which the first cell of a front end that was waiting for the kernel arrives.
PATIENCE = 0.5

#: Seconds after the end of a cell in which the next one arrives, of cells that were sent together.
PAUSE = 0.05

OLDEST = (8, 30)

#: How often its import is tried, which other threads may make fail.
ATTEMPTS = 4

# What the operating system says when there is no more of something, which may change.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})

# What only IPython knows. Code that has it in a comment loads IPython too, which does no harm.
_NAMES = ("get_ipython", "IPython", "ipykernel", "__IPYTHON__")
_IMPORTS = ("import",)


def begin(shell):
    """Let IPython take over `shell` in time, if it is installed."""
    debuggers.install()
    if not _is_installed():
        return
    shell.loading = Loading(shell)
    shell.loading.watch()


def _is_installed():
    # Not `find_spec`, which would ask every finder for its directories.
    return any(os.path.isfile(os.path.join(path or os.curdir, "IPython", "__init__.py")) for path in sys.path)


class Stage:
    """How far a :class:`Loading` is."""

    #: Nobody has asked for the import.
    BEFORE = "before"
    #: A thread imports, or has imported, and no cell waits.
    IN_THREAD = "in a thread"
    #: As before, and a cell waits.
    AWAITED = "awaited"
    #: The code of a cell imports, which needs it at once.
    IN_CELL = "in a cell"


class Loading:
    """IPython on its way into `shell` (:class:`everloop.shell.Shell`)."""

    def __init__(self, shell):
        self._shell = shell
        self._asked_class = None
        self._configured = _has_configuration()
        self._has_timer = False
        #: Of what there was too little the last time, as text.
        self.shortage = None
        self._begin_anew()

    def _begin_anew(self):
        self._stage = Stage.BEFORE
        #: Set when the thread is through.
        self._imported = Event()
        self._failed = None

    # -- who needs it

    def is_needed_by(self, cell):
        """Whether `cell` cannot run without IPython, or not while it is imported."""
        if self._configured:
            # Startup files and extensions may change what any cell means.
            return not cell.silent
        if self._stage is not Stage.BEFORE and _has_word(cell.code, _IMPORTS):
            return True
        return _everloop.needs_ipython(cell.code) or _has_word(cell.code, _NAMES)

    def watch(self):
        """Load when the kernel has nothing else to do, or when a library asks for IPython."""
        builtins.get_ipython = self._shell.user_ns["get_ipython"] = self.get_ipython
        builtins.display = self._display
        after_import("IPython", lambda module: self._imported_by_user())
        after_import("IPython.core.interactiveshell", self._answer_libraries)
        self._import_after(PATIENCE)

    def get_ipython(self):
        """The shell, loaded now if it has to be."""
        self._finish_now()
        return getattr(self._shell.language, "ip", None)

    def _display(self, *objs, **kwargs):
        """``display``, until IPython replaces it by its own."""
        display = builtins.display
        self._finish_now()
        if builtins.display is display or self._failed:
            from everloop.display import display
        else:
            display = builtins.display
        return display(*objs, **kwargs)

    def _answer_libraries(self, module):
        """Let a library that asks IPython for its shell have one, also while the thread still imports."""
        loading = self
        shell_class = self._asked_class = module.InteractiveShell

        @classmethod
        def initialized(cls):
            loading._finish_now()
            return super(shell_class, cls).initialized()

        # What `get_ipython` and `display` look at.
        shell_class.initialized = initialized

    # -- loading

    async def finish(self):
        """Return when IPython has taken over, or cannot. The loop goes on meanwhile."""
        if _everloop.is_shutting_down():
            # The end waits for nothing that can be left out.
            return
        self._import_in_thread(Stage.AWAITED)
        await self._imported.wait()
        if not _everloop.is_shutting_down():
            self._take_over()

    def cell_ended(self):
        """A cell has ended: time to load, or to take over."""
        if _everloop.is_shutting_down() or self.shortage is not None:
            return
        self._import_after(PAUSE)
        if self._imported.is_set():
            self._shell.loop.call_soon(self._take_over_if_idle)

    def _finish_now(self):
        if threading.current_thread() is not threading.main_thread():
            return
        if self._shell.loading is not self:
            return
        before, self._stage = self._stage, Stage.IN_CELL
        try:
            self._failed = self._import()
        finally:
            # An interrupt leaves it to the next one who asks.
            self._stage = before
        self._take_over()

    def _imported_by_user(self):
        # The module's own import is still on the stack, but what it defines is there.
        if threading.current_thread() is threading.main_thread() and self._stage is not Stage.IN_CELL:
            self._take_over()

    def _import_after(self, seconds):
        if self._stage is Stage.BEFORE and not self._has_timer:
            self._has_timer = True
            self._shell.loop.call_later(seconds, self._import_if_idle)

    def _import_if_idle(self):
        self._has_timer = False
        # The end of a cell that runs is another time.
        if not self._shell.runs:
            self._import_in_thread(Stage.IN_THREAD)

    def _import_in_thread(self, stage):
        before = self._stage
        if stage is Stage.AWAITED or before is Stage.BEFORE:
            self._stage = stage
        if before is Stage.BEFORE:
            failed = _import_asyncio()
            if failed is not None:
                self._import_ended(self._imported, failed)
                return
            # Not a `Thread`, whose hooks are the user's.
            threading._start_joinable_thread(partial(self._run, self._imported), daemon=True)

    def _run(self, imported):
        _thread.set_name("IPython's import")
        failed = self._import()
        if failed is None and self._stage is not Stage.AWAITED:
            _warm_tracebacks()
        # The kernel may have shut down.
        with contextlib.suppress(RuntimeError):
            self._shell.loop.call_soon_threadsafe(self._import_ended, imported, failed)

    def _import_ended(self, imported, failed):
        if imported is self._imported:
            self._failed = failed
        imported.set()
        self._take_over_if_idle()
        self._shell.loop.call_later(PATIENCE, _everloop.give_memory_back)

    def _take_over_if_idle(self):
        if not self._shell.runs:
            self._take_over()

    def _import(self):
        """What the import ended with, an exception or None."""
        try:
            # A copy is made in one step.
            known = set(sys.modules.copy())
            for attempts_left in reversed(range(ATTEMPTS)):
                try:
                    _import_ipython()
                    break
                except Exception as error:
                    # Some module may have gone through a dictionary that a thread of the user's changed.
                    passes = is_shortage(error)
                    if attempts_left or passes:
                        _forget_libraries(set(sys.modules.copy()) - known)
                    if not attempts_left or passes:
                        raise
        except Exception as error:
            return error
        return None

    def _take_over(self):
        shell = self._shell
        if shell.loading is not self:
            return
        # Before anything else: what is loaded here may ask for it again.
        shell.loading = None
        if self._asked_class is not None:
            del self._asked_class.initialized
        try:
            if self._failed is not None:
                raise self._failed
            from everloop.ipython.language import IPython

            with own_streams():
                shell.language = IPython(shell, shell.language)
            debuggers.take_over()
        except (Exception, SystemExit) as error:
            if is_shortage(error):
                self._put_off(error)
                return
            self._failed = error
            say(f"Cells run without IPython, since it does not load: {_reason(error)}\n")
            for namespace in (builtins.__dict__, shell.user_ns):
                namespace.pop("get_ipython", None)

    def _put_off(self, error):
        """Leave it to the next cell that needs IPython."""
        if self.shortage is None:
            say(f"IPython is not loaded before there is what it needs: {_reason(error)}\n")
        self.shortage = f"{type(error).__name__}: {error}"
        self._begin_anew()
        self._shell.loading = self


def _has_word(code, words):
    if not any(word in code for word in words):
        return False
    import re

    return re.search(rf"\b({'|'.join(words)})\b", code) is not None


def _import_asyncio():
    """What the import ended with, an exception or None.

    It is made on the interpreter thread, whose own code asks for parts of asyncio at any time: of two threads that import a
    package, one of them its parts first, each would wait for the other.
    """
    sys.meta_path.insert(0, _EndOfImports)
    try:
        import asyncio  # noqa: F401
    except Exception as error:
        return error
    finally:
        sys.meta_path.remove(_EndOfImports)
    return None


class _EndOfImports:
    """Finds nothing, and no other finder is asked when the kernel shuts down: its end does not wait for an import."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if _everloop.is_shutting_down():
            raise ImportError("the kernel shuts down", name=name)


def _import_ipython():
    _check_version()
    import everloop.ipython.app  # noqa: F401


def _forget_libraries(names):
    """Let these modules be imported anew: a package that failed has lost those of its modules that did not."""
    for name in names:
        top = name.partition(".")[0]
        if name.startswith("everloop.ipython.") or not (top == "everloop" or top in sys.stdlib_module_names):
            sys.modules.pop(name, None)


def _check_version():
    import IPython

    if IPython.version_info[:2] < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ImportError(f"IPython {IPython.__version__} is too old, {oldest} is the oldest that can be used")


def _warm_tracebacks():
    """Let the first traceback not wait for what colours it: imports, the lexer's rules, the escapes of the styles."""
    # What was disturbed is imported again by who needs it.
    with contextlib.suppress(Exception):
        import stack_data  # noqa: F401
        from IPython.core.ultratb import AutoFormattedTB
        from pygments.formatters import terminal256  # noqa: F401
        from pygments.lexers import get_lexer_by_name

        get_lexer_by_name("python3")
        _draw_traceback(AutoFormattedTB("Context", "neutral", tb_offset=1))


def _draw_traceback(formatter):
    """A traceback that nobody sees, of code that looks like a cell's."""
    from everloop import tracebacks

    name = "<everloop-traceback>"
    lines = _FAILS.splitlines(True)
    linecache.cache[name] = len(_FAILS), None, lines, name
    tracebacks.remember_cell(name, 0, lines)
    try:
        exec(compile(_FAILS, name, "exec"), {})
    except ZeroDivisionError as error:
        formatter.structured_traceback(type(error), error, error.__traceback__)
    finally:
        tracebacks.forget_cell(name)


_FAILS = """\
def divide(number, *, by=0):
    # A comment, a string, and what is to be marked.
    text = f"{number} by {by}"
    return number / by, text

divide(1)
"""


def is_shortage(error):
    """Whether descriptors or memory ran out, also where that is the cause of something else."""
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORTAGES):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _reason(error):
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _has_configuration():
    """Whether a file of the default profile could change what a plain cell does."""
    directory = os.environ.get("IPYTHONDIR") or os.path.join(os.path.expanduser("~"), ".ipython")
    profile = os.path.join(directory, "profile_default")
    startup = os.path.join(profile, "startup")
    if any(os.path.isfile(os.path.join(profile, name)) for name in _CONFIGURATIONS):
        return True
    try:
        return any(name.endswith((".py", ".ipy")) for name in os.listdir(startup))
    except OSError:
        return False


_CONFIGURATIONS = tuple(
    f"{name}.{kind}" for name in ("ipython_config", "ipython_kernel_config") for kind in ("py", "json")
)
