"""Handlers that are ``async def``, for libraries that call a handler and drop what it returns.

The coroutine becomes a task that begins at once, so that what a handler does before its first ``await`` is done in the
order in which it was called. The task belongs to what called the handler. If that is a comm message, the message is
not idle before the task has ended, since front ends throw away the output of a message that is idle.
"""

import _asyncio
import contextvars
import functools
import sys

import _everloop
from everloop.parent import parent

_loop = None
# The loop keeps no tasks alive.
_tasks = set()


def install(loop):
    """Let the handlers run on `loop`."""
    global _loop
    _loop = loop


class Awaited:
    """`function` as a handler: what it returns is awaited, by a task.

    It is equal to `function`, by which libraries find a handler again to remove it.
    """

    def __init__(self, function):
        self.function = function

    def __call__(self, *args, **kwargs):
        result = self.function(*args, **kwargs)
        return start(result) if is_coroutine(result) else result

    def __eq__(self, other):
        return self.function == (other.function if isinstance(other, Awaited) else other)

    def __hash__(self):
        return hash(self.function)

    def __repr__(self):
        return repr(self.function)


def awaited(handler):
    """`handler` as an :class:`Awaited`; None, and one that is, as it is."""
    return handler if handler is None or isinstance(handler, Awaited) else Awaited(handler)


def is_coroutine(result):
    """Whether `result`, which a handler returned, has to be awaited. A task or future runs without."""
    if result is None:
        return False
    from asyncio import iscoroutine

    return iscoroutine(result)


def start(coroutine):
    """Run `coroutine` as a task of the current message or cell; returns the task, or None on another thread."""
    message = parent.get()
    held = hold(message)
    if _asyncio._get_running_loop() is None:
        context = contextvars.copy_context()
        _loop.call_soon_threadsafe(_start, coroutine, message, held, context=context)
        return None
    return _start(coroutine, message, held)


def hold(message):
    """Keep `message` from being idle until ``message.release()``; False if it is idle, or the request of a cell."""
    return isinstance(message, _everloop.Origin) and message.hold()


def show(error):
    """Publish `error` under the current message or cell."""
    _everloop.flush_streams()
    ip = ipython()
    if ip is not None:
        ip.showtraceback((type(error), error, error.__traceback__), tb_offset=0)
        return
    from everloop import tracebacks

    ename, evalue, traceback = tracebacks.render(error)
    _everloop.publish("error", {"ename": ename, "evalue": evalue, "traceback": traceback})


def ipython():
    """IPython's shell if it has been loaded."""
    shell_class = getattr(sys.modules.get("everloop.ipython.shell"), "ZMQInteractiveShell", None)
    return None if shell_class is None else shell_class._instance


def _start(coroutine, message, held):
    name = message.name if held else getattr(coroutine, "__qualname__", None)
    task = _asyncio.Task(coroutine, loop=_loop, name=name, eager_start=True)
    ended = functools.partial(_held_ended, message) if held else _tasks.discard
    if task.done():
        ended(task)
    else:
        _tasks.add(task)
        task.add_done_callback(ended)
    return task


def _held_ended(message, task):
    _tasks.discard(task)
    try:
        # Elsewhere a task that fails is shown when nobody awaits it; here nobody can.
        if not task.cancelled() and task.exception() is not None:
            show(task.exception())
        _everloop.flush_streams()
    finally:
        message.release()
