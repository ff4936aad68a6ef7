"""How a cell runs in IPython."""

import builtins
import sys
from warnings import warn

from IPython.core.interactiveshell import InteractiveShell

import _everloop
from everloop import lookups, runners, tracebacks
from everloop.ipython import ipykernel
from everloop.ipython.app import IPKernelApp
from everloop.ipython.loading import is_shortage
from everloop.ipython.lookups import Lookups
from everloop.ipython.plain import plain_cells
from everloop.ipython.shell import ZMQInteractiveShell, text_of
from everloop.run import is_given_up
from everloop.streams import say


class IPython:
    """Runs cells in IPython's shell (`ip`), from the moment that it takes over from `bare`.

    `session` is the :class:`everloop.shell.Shell` that it runs cells for, `bare` the
    :class:`everloop.bare.BareShell` whose namespace, counter and history it goes on with.
    """

    def __init__(self, session, bare):
        app = _application(bare.namespace)
        self.ip = app.shell
        self._session = session
        self._adopt(bare)
        self._plain = plain_cells(self.ip, self._cell_begins)
        ipykernel.install(app)
        lookups.extend(Lookups(self.ip))
        app.run_startup()

    @property
    def user_ns(self):
        """The dict that cells run in."""
        return self.ip.user_ns

    @property
    def execution_count(self):
        """The number of the last cell that was counted."""
        # A trait, short of its descriptor: it is asked for several times in each cell.
        return self.ip._trait_values["execution_count"] - 1

    def _adopt(self, bare):
        ip = self.ip
        ip.session = self._session
        ip.leave = self._session.leave
        ip.execution_count = bare.execution_count + 1
        ip.history_manager.adopt(bare)
        ip.displayhook.adopt(bare.displayhook.results)
        # It would be restored, and keeps its results alive.
        sys.displayhook = sys.__displayhook__
        ip.init_user_ns()
        ip.user_ns_hidden.update((name, ip.user_ns.get(name)) for name in bare.namespace.hidden)
        for filename, number in tracebacks.cells():
            ip.compile._filename_map[filename] = number
        # Cells come one by one, but background tasks go on between them: what IPython puts in place for the time of a
        # cell stays.
        ip.events.register("pre_execute", self._cell_begins)
        ip.builtin_trap.__enter__()
        ip.display_trap.__enter__()
        builtins.get_ipython = ip.get_ipython

    def count(self, cell):
        """What the messages of the cell carry as ``execution_count``; IPython counts when it runs the cell."""
        code = cell.code
        counts = cell.store_history and not cell.silent and code and not code.isspace()
        return self.execution_count + bool(counts)

    def _cell_begins(self):
        run = self.ip.current_run
        # IPython 8 counts at the end of a cell: there the next one waits for that.
        if run.number is not None and self.ip.execution_count > run.number:
            run.begun.set()

    async def run(self, run):
        """Run a cell, a :class:`everloop.run.Run`; returns its reply, without count and payload."""
        cell = run.cell
        try:
            plain = self._plain and self._plain.statements(run)
            # An interrupt is raised inside these steps and nowhere else in the shell.
            if plain:
                reply = await _everloop.Interruptible(cell, self._run_plain(run, *plain))
            else:
                runner, coroutine = await _everloop.Interruptible(cell, self._code_of(run))
                reply = await runners.drive(runner, coroutine, cell)
        except BaseException as raised:
            if is_given_up(raised):
                raise
            reply = await tracebacks.show_in_cell(self.failed, cell.interrupt_of(raised), run)
        self._take_back()
        return reply

    def _take_back(self):
        # An `IPython.embed()` that was interrupted leaves its own shell in the place of this one.
        if InteractiveShell._instance is not self.ip:
            for shell_class in type(self.ip)._walk_mro():
                shell_class._instance = self.ip

    def failed(self, error, run):
        """Show `error`; returns the reply of the cell that it ended."""
        run.shown_error = None
        is_exit = isinstance(error, SystemExit)
        try:
            # None of the frames is IPython's own, which it would leave out.
            self.ip.showtraceback((type(error), error, error.__traceback__), tb_offset=0, exception_only=is_exit)
        except BaseException:
            # What shows it is code of the user too, or was broken by it.
            return tracebacks.failed(error, run)
        if is_exit:
            warn("To exit: use 'exit', 'quit', or Ctrl-D.", stacklevel=1)
        return _error_reply(error, run)

    def show(self, value, number):
        """Publish `value` as the result of cell `number`, the one that runs."""
        self.ip.displayhook(value)

    async def evaluate(self, expressions):
        """The `user_expressions` of a reply; they may await."""
        return await self.ip.evaluate(expressions)

    async def _code_of(self, run):
        """What drives the cell, and its coroutine."""
        code, failure = run.code, None
        try:
            code = "\n" * run.lines_above + self.ip.transform_cell(code)
        except Exception:
            failure = sys.exc_info()
        runner = self.ip.runner_of(run.code, code, failure)
        return runner, self.run_cell_async(run, code, failure)

    async def run_cell_async(self, run, code, failure):
        """The cell's coroutine: what the runner gets. It has the name that IPython's own has, which runners show."""
        ip, cell = self.ip, run.cell
        metadata = cell.metadata
        coroutine = ip.run_cell_async(
            cell.code,
            store_history=cell.store_history,
            silent=cell.silent,
            transformed_cell=code,
            preprocessing_exc_tuple=failure,
            cell_id=metadata.get("cellId"),
        )
        result = None
        try:
            result = await coroutine
        finally:
            ip.events.trigger("post_execute")
            if not cell.silent:
                ip.events.trigger("post_run_cell", result)
        reply = self._error(run, result)
        return reply or {"status": "ok", "user_expressions": await ip.evaluate(cell.user_expressions)}

    async def _run_plain(self, run, text, statements):
        result = await self._plain.run_cell_async(run, text, statements)
        expressions = run.cell.user_expressions
        reply = self._error(run, result)
        return reply or {"status": "ok", "user_expressions": await self.ip.evaluate(expressions) if expressions else {}}

    def _error(self, run, result):
        """The reply of a cell that ended with an error, else None."""
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            return _error_reply(self.ip.interrupt_of(error), run)
        return _error_reply(None, run) if run.display_failed else None


def _error_reply(error, run):
    # What was shown as text, or not at all, marks the cell too.
    shown = run.shown_error or {"ename": tracebacks.name_of(type(error)), "evalue": text_of(error), "traceback": []}
    return {"status": "error", "user_expressions": {}, **shown}


def _application(namespace):
    """The application with its shell; without the configuration if that makes no shell."""
    try:
        return _initialized(namespace)
    except Exception as error:
        if is_shortage(error):
            raise
        say(f"IPython's configuration is ignored: {type(error).__name__}: {error}\n")
        return _initialized(namespace, configured=False)


def _initialized(namespace, **options):
    app = IPKernelApp.instance()
    try:
        app.initialize(namespace, **options)
    except BaseException:
        # The next one begins anew.
        for part in (IPKernelApp, ZMQInteractiveShell):
            part.clear_instance()
        raise
    return app
