"""Trio's background tasks, each by itself: its exception is shown at once, under its cell, and it can be cancelled alone."""

import contextlib
import functools
import weakref

import trio

from everloop.streams import say

_scopes = weakref.WeakKeyDictionary()


def cancel(task):
    """Cancel one background task of a nursery that is :func:`shown`."""
    _scopes[task].cancel()


@contextlib.contextmanager
def _scope_of_its_own():
    with trio.CancelScope() as scope:
        _scopes[trio.lowlevel.current_task()] = scope
        yield


def show(error, name):
    """Show what ended the background task `name`. Called in the task's context, which knows the cell."""
    from everloop import tracebacks

    say(f"Exception in background task {name}\n")
    tracebacks.show(error)


def shown(nursery):
    """`nursery`, in which an exception ends the task that raises it and no other."""
    start_soon, start = nursery.start_soon, nursery.start

    @functools.wraps(start_soon)
    def start_soon_shown(async_fn, *args, name=None):
        start_soon(_guard, async_fn, args, name=name or async_fn)

    @functools.wraps(start)
    async def start_shown(async_fn, *args, name=None):
        return await start(_guard_start, async_fn, args, name=name or async_fn)

    nursery.start_soon, nursery.start = start_soon_shown, start_shown
    return nursery


async def _guard(async_fn, args):
    with _scope_of_its_own():
        try:
            await async_fn(*args)
        except BaseException as error:
            _show_unless_cancelled(error)


async def _guard_start(async_fn, args, *, task_status):
    status = _Status(task_status)
    with _scope_of_its_own():
        try:
            await async_fn(*args, task_status=status)
        except BaseException as error:
            if not status.is_started:
                raise  # to whoever waits for the start
            _show_unless_cancelled(error)


class _Status:
    def __init__(self, status):
        self._status = status
        self.is_started = False

    def started(self, value=None):
        self._status.started(value)
        self.is_started = True


def _show_unless_cancelled(error):
    cancelled, rest = error, None
    if isinstance(error, BaseExceptionGroup):
        cancelled, rest = error.split(trio.Cancelled)
    elif not isinstance(error, trio.Cancelled):
        cancelled, rest = None, error
    if rest is not None:
        show(rest, trio.lowlevel.current_task().name)
    if cancelled is not None:
        raise cancelled
