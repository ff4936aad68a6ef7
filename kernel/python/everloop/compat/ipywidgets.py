"""Handlers of ipywidgets that are ``async def``, which the library calls and drops; and its ``Output`` where blocks
of several tasks overlap.
"""

import asyncio
import functools
import inspect
import threading
from contextvars import ContextVar

import _everloop
from everloop import handlers
from everloop.compat.imports import after_import
from everloop.parent import parent


def install():
    """Watch for the imports of the modules."""
    after_import("ipywidgets.widgets.widget", _await_callbacks)
    after_import("ipywidgets.widgets.widget_output", _let_blocks_overlap)
    after_import("ipywidgets.widgets.interaction", _await_interactive)


def _await_callbacks(module):
    """``on_click``, ``on_msg``, ``on_submit``."""
    register = module.CallbackDispatcher.register_callback

    @functools.wraps(register)
    def register_callback(self, callback, remove=False):
        register(self, handlers.awaited(callback), remove)

    module.CallbackDispatcher.register_callback = register_callback


def _await_interactive(module):
    """``interact`` and ``interactive``: of an ``async def`` the result is shown when there is one, by the last call."""

    def result(self):
        return self.__dict__.get("_result")

    def set_result(self, value):
        # Set inside of the block of the output, before the value is displayed.
        before = self.__dict__.get("_running")
        if before is not None:
            before.cancel()
        is_coroutine = handlers.is_coroutine(value)
        self._result = None if is_coroutine else value
        self._running = handlers.start(_interact(self, value)) if is_coroutine else None

    async def _interact(self, coroutine):
        try:
            if isinstance(parent.get(), _everloop.Cell):
                # Front ends capture all that the cell shows, and it has the widget itself to show yet.
                await asyncio.sleep(0)
            with self.out:
                self._result = await coroutine
                if self.auto_display and self._result is not None:
                    module.display(self._result)
        finally:
            coroutine.close()

    module.interactive.result = property(result, set_result)


def _let_blocks_overlap(module):
    """``with out:`` in several tasks at once.

    Front ends capture the output of one message at a time, and only as long as that message is not idle. So blocks that
    overlap print under the message of the first, which is idle after the last; and a task that goes on after its
    message is idle prints under the cell that made the widget.
    """
    output = module.Output
    init, enter, leave, capture = output.__init__, output.__enter__, output.__exit__, output.capture

    @functools.wraps(init)
    def __init__(self, *args, **kwargs):
        self._blocks = _Blocks()
        init(self, *args, **kwargs)

    @functools.wraps(enter)
    def __enter__(self):
        self._blocks.enter()
        return enter(self)

    @functools.wraps(leave)
    def __exit__(self, etype, evalue, tb):
        try:
            if etype is not None and issubclass(etype, (asyncio.CancelledError, GeneratorExit)):
                # Whoever is cancelled has to end, and must not go on behind the block.
                leave(self, None, None, None)
                return None
            return leave(self, etype, evalue, tb)
        finally:
            self._blocks.leave()

    @functools.wraps(capture)
    def capture_awaiting(self, clear_output=False, *clear_args, **clear_kwargs):
        decorate = capture(self, clear_output, *clear_args, **clear_kwargs)

        def decorator(function):
            if not inspect.iscoroutinefunction(function):
                return decorate(function)

            @functools.wraps(function)
            async def captured(*args, **kwargs):
                if clear_output:
                    self.clear_output(*clear_args, **clear_kwargs)
                with self:
                    return await function(*args, **kwargs)

            return captured

        return decorator

    output.__init__, output.__enter__, output.__exit__, output.capture = __init__, __enter__, __exit__, capture_awaiting


class _Blocks:
    """The ``with`` blocks of an ``Output`` that are open."""

    def __init__(self):
        self._maker = parent.get()
        self._lock = threading.Lock()
        self._open = 0
        # What all of them print under.
        self._message = None

    def enter(self):
        with self._lock:
            if not self._open:
                self._message = _listened_to(parent.get(), self._maker)
            self._open += 1
            message = self._message
        _entered.set((*_entered.get(), (parent.get(), message, handlers.hold(message))))
        parent.set(message)

    def leave(self):
        *outer, (before, message, held) = _entered.get()
        _entered.set(tuple(outer))
        parent.set(before)
        with self._lock:
            self._open -= 1
        if held:
            message.release()


# For each block that the current context is in: the parent outside of it, that inside, and whether it is held.
_entered = ContextVar("everloop_output_blocks", default=())


def _listened_to(message, maker):
    """What to print under: `message`, or where that is idle the cell in which the widget was made, or the latest."""
    return next((one for one in (message, maker) if not getattr(one, "is_idle", False)), None)
