"""The subclass of IPython's shell that cells run in."""

import builtins
import contextlib
import re
import sys

from IPython.core import page
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from IPython.core.usage import default_banner
from traitlets import CBool, Instance, Type, default, observe

import _everloop
from everloop import process, runners, tracebacks
from everloop.compat import negative_numbers
from everloop.ipython.compiler import CachingCompiler
from everloop.ipython.display_pub import ZMQDisplayPublisher, direct
from everloop.ipython.displayhook import ZMQShellDisplayHook
from everloop.ipython.formatting import DisplayFormatter
from everloop.ipython.history import HistoryManager
from everloop.ipython.inspection import Inspector
from everloop.ipython.kernel import Kernel
from everloop.ipython.magics import KernelMagics
from everloop.ipython.payload import PayloadManager
from everloop.ipython.threads import ThreadShell
from everloop.ipython.transformer import TransformerManager
from everloop.magics.awaiting import AwaitingShell
from everloop.magics.run_files import FileShell
from everloop.magics.system import SystemCommands
from everloop.parent import parent
from everloop.run import Run, is_given_up

CO_COROUTINE = 0x80

_AWAITS = re.compile(r"\b(await|async)\b")

NO_MATPLOTLIB = (
    "matplotlib cannot be used here ({}): it and numpy are extensions for CPython, which RustPython cannot load. "
    "plotly (graph_objects), pygal and SVG drawings of any kind do show."
)


class ZMQInteractiveShell(AwaitingShell, FileShell, SystemCommands, ThreadShell, InteractiveShell):
    """IPython's shell with the kernel for a terminal. It has ipykernel's name, by which libraries know a notebook."""

    displayhook_class = Type(ZMQShellDisplayHook)
    display_pub_class = Type(ZMQDisplayPublisher)
    compiler_class = Type(CachingCompiler)
    inspector_class = Type(Inspector)
    kernel = Instance(Kernel)
    exiter = Instance(ZMQExitAutocall)
    # There is no readline.
    readline_use = CBool(False)
    autoindent = CBool(False)
    #: Set by `exit(keep_kernel=True)`, which ends the front end alone.
    keepkernel_on_exit = None

    # What `%autoawait` and the configuration name.
    loop_runner_map = runners.loop_runner_map

    #: The :class:`everloop.shell.Shell` that knows which cells run.
    session = None
    #: Called with `keep_kernel` when the user wants to leave.
    leave = None

    @default("banner1")
    def _default_banner1(self):
        return default_banner

    @default("exiter")
    def _default_exiter(self):
        return ZMQExitAutocall(self)

    @default("kernel")
    def _default_kernel(self):
        return Kernel(self)

    @default("input_transformer_manager")
    def _default_input_transformer_manager(self):
        return TransformerManager()

    # -- set-up

    def init_environment(self):
        """The kernel has set it."""

    def init_virtualenv(self):
        """The kernel's environment is the one that it was installed for."""

    def init_payload(self):
        """Collect what goes into replies, for each cell apart."""
        self.payload_manager = PayloadManager(parent=self)
        self.configurables.append(self.payload_manager)

    def init_history(self):
        """Share the kernel's history."""
        self.history_manager = HistoryManager(shell=self, parent=self)
        self.configurables.append(self.history_manager)

    def init_traceback_handlers(self, custom_exceptions):
        """As IPython; an error that it fails to explain still marks the cell, in the words of cells without IPython."""
        super().init_traceback_handlers(custom_exceptions)
        explain = self.InteractiveTB.structured_traceback

        def structured_traceback(etype=None, evalue=None, *args, **kwargs):
            try:
                return explain(etype, evalue, *args, **kwargs)
            except Exception:
                # It asks each frame for its line, which one that an interrupt has met between two lines has not.
                return tracebacks.render(evalue)[2]

        self.InteractiveTB.structured_traceback = structured_traceback

    #: What the last plain cell that failed ended with; `sys.last_value` has it too.
    plain_error = None

    def init_builtins(self):
        """As IPython; `display` takes the short way for what needs no formatting."""
        super().init_builtins()
        builtins.display = direct(builtins.display, self)

    def init_display_formatter(self):
        """Format as IPython does, sooner."""
        self.display_formatter = DisplayFormatter(parent=self)
        self.configurables.append(self.display_formatter)

    def init_hooks(self):
        """Let what is paged be shown in the front end's pager."""
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(self.page), 99)

    def init_completer(self):
        """IPython's completer, which is asked about magics; jedi is slow, and evaluates what it should not."""
        super().init_completer()
        if not any("use_jedi" in self.config.get(name, {}) for name in ("Completer", "IPCompleter")):
            self.Completer.use_jedi = False

    def init_magics(self):
        """IPython's magics, and those that ipykernel adds."""
        super().init_magics()
        self.register_magics(KernelMagics)
        self.magics_manager.register_alias("ed", "edit")

    # -- what the front end is asked to do

    def page(self, text, start=0, screen_lines=0, pager_cmd=None):
        """Show `text` (or a MIME bundle) in the pager, from line `start` on."""
        data = text if isinstance(text, dict) else {"text/plain": text}
        self.payload_manager.write_payload({"source": "page", "data": data, "start": max(0, start)})

    def set_next_input(self, text, replace=False):
        """Put `text` into the next cell, or with `replace` into this one."""
        self.payload_manager.write_payload({"source": "set_next_input", "text": text, "replace": replace})

    def ask_exit(self):
        """End the kernel, or the front end alone."""
        self.leave(bool(self.keepkernel_on_exit))

    def enable_gui(self, gui=None):
        """There is one event loop, asyncio's, and it runs already."""
        if gui not in (None, "asyncio"):
            raise UsageError(f"there is no {gui} event loop in this kernel: asyncio's runs always, in every cell")

    def enable_matplotlib(self, gui=None):
        """Draw with matplotlib, which there is only where its extensions are: not on RustPython."""
        try:
            return super().enable_matplotlib(gui)
        except ImportError as error:
            raise UsageError(NO_MATPLOTLIB.format(error)) from None

    def transform_ast(self, node):
        """As IPython; what the user's transformers made of the tree has to be something that can be compiled."""
        node = super().transform_ast(node)
        return negative_numbers.rewritten(node) if self.ast_transformers else node

    # -- what drives a cell

    @default("loop_runner")
    def _default_loop_runner(self):
        return runners.asyncio

    @observe("loop_runner")
    def _switch_runner(self, change):
        runners.switch(change.old, change.new)

    def runner_of(self, code, transformed, failure):
        """What drives the cell `code`; `failure` is what its transformation ended with, or None."""
        if self.loop_runner is runners.asyncio or self.is_on_thread:
            return runners.asyncio
        if not self.should_run_async(code, transformed_cell=transformed, preprocessing_exc_tuple=failure):
            return runners.asyncio
        if isinstance(self.loop_runner, runners.Runner) or _AWAITS.search(code):
            return self.loop_runner
        # It has magics, but none to await with a runner of the user's: IPython would not call that.
        return runners.asyncio

    # -- whose output

    @property
    def parent_header(self):
        """The request that the calling code belongs to, a message as a dict."""
        return _everloop.current_message()

    def get_parent(self):
        """The request that the calling code belongs to, a message as a dict."""
        return _everloop.current_message()

    def set_parent(self, message):
        """Let the output of the calling context belong to `message`, one that `get_parent` gave."""
        self.set_thread_parent(message)

    def set_thread_parent(self, message):
        """As `set_parent`; returns a token for `reset_thread_parent`."""
        header, source = message.get("header", message), parent.get()
        current = _everloop.current_message().get("header", {})
        if source is None or header.get("msg_id") != current.get("msg_id"):
            # Else the source stays, which can be interrupted and asked for input.
            source = _everloop.Origin(header)
        return parent.set(source)

    def reset_thread_parent(self, token):
        """Let output belong again to what it belonged to before `set_thread_parent`."""
        parent.reset(token)

    @property
    def current_run(self):
        """The :class:`everloop.run.Run` that the calling code belongs to."""
        return Run() if self.session is None else self.session.run

    # -- errors

    @contextlib.contextmanager
    def _tee(self, channel):
        stream = getattr(sys, channel)
        had_own = "write" in getattr(stream, "__dict__", ())
        with super()._tee(channel):
            yield
        # IPython leaves the stream with a method that refers to it, a cycle that RustPython does not collect: what
        # `%%capture` has caught would stay for ever.
        if not had_own:
            stream.__dict__.pop("write", None)

    def _get_exc_info(self, exc_tuple=None):
        etype, value, tb = super()._get_exc_info(exc_tuple)
        interrupt = self.interrupt_of(value)
        run = self.current_run
        run.explained = id(value)
        tb, run.left_out = tracebacks.shortened(tb)
        return (etype, value, tb) if interrupt is value else (type(interrupt), interrupt, tb)

    def interrupt_of(self, error):
        """The KeyboardInterrupt that `error`, a cancellation of the running cell, stands for; else `error`."""
        cell = parent.get()
        if not isinstance(cell, _everloop.Cell):
            return error
        interrupt = cell.interrupt_of(runners.as_cancellation(error))
        return interrupt if isinstance(interrupt, KeyboardInterrupt) else error

    def showtraceback(self, exc_tuple=None, *args, **kwargs):
        """As IPython; it prints groups of exceptions as text, which marks no cell."""
        error = exc_tuple[1] if exc_tuple else sys.exception()
        if _everloop.is_child():
            process.end_child(error)
        if is_given_up(error):
            raise error
        # What IPython shows takes imports the first time, and the kernel ends soon.
        if not (_has_group(error) or _everloop.is_shutting_down()):
            if error is None and getattr(sys, "last_value", None) is self.plain_error:
                # `%tb`: there is no frame of IPython's above, which it would leave out.
                kwargs.setdefault("tb_offset", 0)
            super().showtraceback(exc_tuple, *args, **kwargs)
            return
        etype, error, _ = self._get_exc_info(exc_tuple)
        self._showtraceback(etype, error, tracebacks.render(error)[2])

    def _showtraceback(self, etype, evalue, stb):
        run = self.current_run
        run.display_failed |= run.is_displaying
        _everloop.flush_streams()
        # What `_render_traceback_` returns may be anything.
        lines = list(map(str, stb)) if isinstance(stb, (list, tuple)) else [str(stb)]
        if run.left_out:
            lines.append(tracebacks.left_out_line(run.left_out))
        run.shown = run.explained
        run.shown_error = {"ename": tracebacks.name_of(etype), "evalue": text_of(evalue), "traceback": lines}
        _everloop.publish("error", run.shown_error)

    def _format_exception_for_storage(self, exception, *args, **kwargs):
        run = self.current_run
        if run.shown_error is not None and run.shown == id(exception):
            # The same words once more would take as long as those.
            return dict(run.shown_error)
        try:
            return super()._format_exception_for_storage(exception, *args, **kwargs)
        except Exception:
            # Its own text raises.
            return {"ename": tracebacks.name_of(type(exception)), "evalue": text_of(exception), "traceback": []}

    # -- user_expressions

    async def evaluate(self, expressions):
        """As `user_expressions`, for expressions that may await."""
        return {name: await self._evaluate(text) for name, text in expressions.items()}

    async def _evaluate(self, text):
        try:
            value = None
            for code in _everloop.Statements(text, "<user_expression>", self.autoawait):
                value = eval(code, self.user_global_ns, self.user_ns)
                if code.co_flags & CO_COROUTINE:
                    value = await value
            return self._format_user_obj(value)
        except Exception:
            return self._user_obj_error()


def _has_group(error):
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, BaseExceptionGroup):
            return True
        seen.add(id(error))
        error = error.__context__
    return False


def text_of(error):
    """``str(error)``, for an exception that may raise another when it is asked."""
    try:
        return str(error)
    except BaseException:
        # Also an interrupt, which is how one gets out of a __str__ that hangs.
        return "<exception str() failed>"


InteractiveShellABC.register(ZMQInteractiveShell)
