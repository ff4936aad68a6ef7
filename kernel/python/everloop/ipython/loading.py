"""When IPython is loaded: by the first cell that needs it, or while nobody waits.

A thread imports it, so that a plain cell never waits; the shell itself is made on the interpreter thread between two
cells, or in the cell that asks for it. A cell that imports waits until the thread is through: there is no lock around
all of Python, and what the one imports goes through dictionaries that the other changes.
"""

import _thread
import asyncio
import builtins
import contextlib
import linecache
import os
import re
import sys
import threading

import _everloop
from everloop.compat import debuggers
from everloop.compat.imports import after_import
from everloop.streams import own_streams, say

#: Seconds after the start in which the first cell of a front end that was waiting for the kernel arrives.
PATIENCE = 0.5

OLDEST = (8, 30)

#: How often its import is tried, which other threads may make fail.
ATTEMPTS = 4

# What only IPython knows. Code that has it in a comment loads IPython too, which does no harm.
_NAMES = re.compile(r"\b(get_ipython|IPython|ipykernel|__IPYTHON__)\b")
_IMPORTS = re.compile(r"\bimport\b")


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


class Loading:
    """IPython on its way into `shell` (:class:`everloop.shell.Shell`)."""

    def __init__(self, shell):
        self._shell = shell
        self._imported = None
        self._failed = None
        self._importing = self._is_awaited = False
        self._asked_class = None
        self._configured = _has_configuration()

    # -- who needs it

    def is_needed_by(self, cell):
        """Whether `cell` cannot run without IPython, or not while it is imported."""
        if self._configured:
            # Startup files and extensions may change what any cell means.
            return not cell.silent
        if self._imported is not None and _IMPORTS.search(cell.code):
            return True
        return _everloop.needs_ipython(cell.code) or _NAMES.search(cell.code) is not None

    def watch(self):
        """Load when the kernel has nothing else to do, or when a library asks for IPython."""
        builtins.get_ipython = self._shell.user_ns["get_ipython"] = self.get_ipython
        builtins.display = self._display
        after_import("IPython", lambda module: self._imported_by_user())
        after_import("IPython.core.interactiveshell", self._answer_libraries)
        self._shell.loop.call_later(PATIENCE, self._import_if_idle)

    def get_ipython(self):
        """The shell, loaded now if it has to be."""
        self._finish_now()
        return None if self._failed else self._shell.language.ip

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
        self._is_awaited = True
        self._import_in_thread()
        await self._imported.wait()
        self._take_over()

    def cell_ended(self):
        """A cell has ended: time to load, or to take over."""
        self._import_in_thread()
        if self._imported.is_set():
            self._shell.loop.call_soon(self._take_over_if_idle)

    def _finish_now(self):
        if threading.current_thread() is not threading.main_thread():
            return
        if self._shell.loading is self:
            self._importing = True
            self._import()
            self._take_over()

    def _imported_by_user(self):
        # The module's own import is still on the stack, but what it defines is there.
        if threading.current_thread() is threading.main_thread() and not self._importing:
            self._take_over()

    def _import_if_idle(self):
        # The end of a cell that runs is another time.
        if not self._shell.runs:
            self._import_in_thread()

    def _import_in_thread(self):
        if self._imported is None:
            self._imported = asyncio.Event()
            # Not a `Thread`, whose hooks are the user's.
            threading._start_joinable_thread(self._run, daemon=True)

    def _run(self):
        _thread.set_name("IPython's import")
        self._import()
        if not (self._failed or self._is_awaited):
            _warm_tracebacks()
        self._tell_loop()

    def _tell_loop(self):
        try:
            self._shell.loop.call_soon_threadsafe(self._import_ended)
        except RuntimeError:
            # The kernel has shut down.
            return

    def _import_ended(self):
        self._imported.set()
        self._take_over_if_idle()

    def _take_over_if_idle(self):
        if not self._shell.runs:
            self._take_over()

    def _import(self):
        try:
            # A copy is made in one step.
            known = set(sys.modules.copy())
            for attempts_left in reversed(range(ATTEMPTS)):
                try:
                    _import_ipython()
                    break
                except Exception:
                    # Some module may have gone through a dictionary that a thread of the user's changed.
                    if not attempts_left:
                        raise
                    _forget_libraries(set(sys.modules.copy()) - known)
        except Exception as error:
            self._failed = error

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
            self._failed = error
            _say(error)
            for namespace in (builtins.__dict__, shell.user_ns):
                namespace.pop("get_ipython", None)


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
    linecache.cache[name] = len(_FAILS), None, tracebacks.remember_cell(name, 0, _FAILS), name
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


def _say(error):
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
    say(f"Cells run without IPython, since it does not load: {reason}\n")


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
