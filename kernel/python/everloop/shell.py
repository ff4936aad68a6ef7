"""Cells without IPython: statement by statement, as one asyncio task each, in one persistent context."""

import asyncio
import contextvars
import sys

import _everloop
from everloop import help, tracebacks
from everloop.displayhook import DisplayHook
from everloop.namespace import Namespace
from everloop.parent import parent

CO_COROUTINE = 0x80


class Shell:
    """Runs the cells that the native half hands over to `loop`.

    Its words: `cell` is an ``_everloop.Cell``, which is an ``execute_request`` and the place for its reply;
    `execution_count` is the number of the last cell that was counted.
    """

    def __init__(self, loop):
        self.loop = loop
        self.namespace = Namespace(self._ask_exit)
        self.execution_count = 0
        self.displayhook = sys.displayhook = DisplayHook(self.namespace, lambda: self.execution_count)
        # Cells run in this context and not in copies, so that what one sets the next one sees.
        self._context = contextvars.copy_context()
        self._payload = []
        self._exit = None

    @property
    def user_ns(self):
        """The dict that cells run in."""
        return self.namespace.user_ns

    def start(self, cell):
        """Begin to run `cell`; its reply is given through it when it has ended."""
        coroutine = self._execute(cell)
        task = asyncio.Task(coroutine, loop=self.loop, context=self._context, name=f"cell {self.execution_count + 1}")
        task.add_done_callback(cell.abandon)
        cell.begin(task)

    async def _execute(self, cell):
        parent.set(cell)
        self._payload, self._exit = [], None
        number = self._number(cell)
        if not cell.silent:
            _everloop.publish("execute_input", {"code": cell.code, "execution_count": number})
        self.loop.failures.cell_started(cell)
        reply = await self._run(cell, number)
        self.loop.failures.cell_ended(cell)
        _everloop.flush_streams()
        numbered = {"execution_count": number, "payload": self._payload}
        try:
            cell.finish({**reply, **numbered}, self._exit)
        except Exception as raised:
            # The user's own representation of a value, say, has no JSON.
            cell.finish({**self._failed(raised), **numbered}, self._exit)

    def _number(self, cell):
        """Count the cell if it is to be counted; returns what its messages carry as ``execution_count``."""
        if cell.store_history and not cell.code.isspace() and cell.code:
            self.execution_count += 1
            self.namespace.record_input(self.execution_count, cell.code)
            _everloop.record_input(self.execution_count, cell.code)
        return self.execution_count

    async def _run(self, cell, number):
        try:
            # An interrupt is raised inside this step and nowhere else in the shell.
            expressions = await _everloop.Interruptible(cell, self._run_code(cell, number))
        except BaseException as raised:
            return self._failed(cell.interrupt_of(raised))
        return {"status": "ok", "user_expressions": expressions}

    async def _run_code(self, cell, number):
        leave = self.namespace.exit_command(cell.code)
        if leave is not None:
            leave()
            return {}
        asked = help.question(cell.code)
        if asked is not None:
            self._payload.extend(filter(None, [help.answer(*asked, self.user_ns)]))
            return {}
        filename = tracebacks.register_cell(number, cell.code)
        value = None
        for code in _everloop.Statements(cell.code, filename):
            value = eval(code, self.user_ns)
            if code.co_flags & CO_COROUTINE:
                value = await value
        if value is not None and not cell.silent and not _everloop.is_silenced(cell.code):
            text = self.displayhook.show(value, number)
            if text is not None and cell.store_history:
                _everloop.record_output(number, text)
        return {name: await self._expression(text) for name, text in cell.user_expressions.items()}

    def _failed(self, error):
        # For `pdb.pm()` and `traceback.print_last()`.
        sys.last_exc = sys.last_value = error
        sys.last_type, sys.last_traceback = type(error), error.__traceback__
        ename, evalue, traceback = tracebacks.render(error)
        content = {"ename": ename, "evalue": evalue, "traceback": traceback}
        _everloop.flush_streams()
        _everloop.publish("error", content)
        return {"status": "error", "user_expressions": {}, **content}

    async def _expression(self, text):
        try:
            value = None
            for code in _everloop.Statements(text, "<user_expression>"):
                value = eval(code, self.user_ns)
                if code.co_flags & CO_COROUTINE:
                    value = await value
            from everloop.formatters import format

            data, metadata = format(value)
        except Exception as error:
            ename, evalue, traceback = tracebacks.render(error)
            return {"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback}
        return {"status": "ok", "data": data, "metadata": metadata}

    def _ask_exit(self, keep_kernel):
        self._payload.append({"source": "ask_exit", "keepkernel": keep_kernel})
        self._exit = keep_kernel
