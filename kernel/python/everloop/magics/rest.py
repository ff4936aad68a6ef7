"""How a magic hands over what remains to be awaited of it.

A magic that may have to await is a plain function, since IPython calls it as one. Decorated with :func:`awaiting` it
returns :class:`Rest` in the place of its value when there is something to await: a caller that can await does, for any
other it is run to its end by taking turns of the running loop.
"""

import asyncio
import contextvars
import functools

#: What a task is cancelled with when an interrupt met the code that waits for it.
INTERRUPTED = "interrupted"


class Rest:
    """What remains of a call of a magic: `coroutine`, which returns the magic's value.

    With `needs_asyncio` it awaits asyncio's futures itself, which another library's scheduler cannot.
    """

    def __init__(self, coroutine, needs_asyncio=False):
        self.coroutine = coroutine
        self.needs_asyncio = needs_asyncio


def awaiting(magic, original=None):
    """Decorate a method of a ``Magics`` class that may return a :class:`Rest`.

    IPython's own decorators (``line_magic``, ``needs_local_scope``) go outside of this one.
    """

    @functools.wraps(original or magic)
    def synchronous(self, *args, **kwargs):
        result = magic(self, *args, **kwargs)
        return run_now(self.shell, result) if isinstance(result, Rest) else result

    synchronous.awaiting = magic
    return synchronous


def instead_of(original):
    """As :func:`awaiting`, for a magic with the documentation, arguments and marks of IPython's `original`."""
    return functools.partial(awaiting, original=original)


def run_now(shell, rest):
    """The value of `rest`, for a caller that does not await. What it sets in the context stays set."""
    loop = asyncio._get_running_loop()
    if loop is None and rest.needs_asyncio:
        # On a thread of its own.
        return asyncio.run(rest.coroutine)
    if loop is None or not (rest.needs_asyncio or drives_asyncio(shell)):
        return shell.loop_runner(rest.coroutine)
    context = contextvars.copy_context()
    task = loop.create_task(rest.coroutine, context=context)
    try:
        return _run(loop, task)
    finally:
        _adopt(context)


def _run(loop, task):
    try:
        return loop.run_until_complete(task)
    except BaseException as error:
        if task.done():
            raise
        interruption = error
    # What ends the waiting ends the task, unless that has an answer to it: a command of the system ends instead.
    task.cancel(INTERRUPTED if isinstance(interruption, KeyboardInterrupt) else None)
    loop.run_until_complete(asyncio.wait([task]))
    if task.cancelled():
        raise interruption
    return task.result()


def drives_asyncio(shell):
    """Whether the cells of `shell` can await asyncio's futures."""
    return str(shell.loop_runner) == "asyncio"


def _adopt(context):
    for variable, value in context.items():
        if variable.get(None) is not value:
            variable.set(value)
