"""Which cell an output belongs to: the one place that holds it.

Tasks and threads copy the context of their creator, so what a background task prints goes to the cell that started
it. ``_everloop`` reads the variable for every message that it publishes; where it is not set, the cell that began last
is meant.
"""

from contextlib import contextmanager
from contextvars import ContextVar

#: The ``_everloop.Cell`` whose code (directly or through a task, thread or executor) is running.
parent = ContextVar("everloop_parent", default=None)


@contextmanager
def output_of(cell):
    """Let what is printed inside belong to `cell`."""
    token = parent.set(cell)
    try:
        yield
    finally:
        parent.reset(token)


def bind(function):
    """`function`, to be called by a thread that does not inherit the context: its output belongs to today's cell."""
    cell = parent.get()

    def call(*args, **kwargs):
        # As `output_of(cell)`, which costs as much as the rest of the way to the thread.
        token = parent.set(cell)
        try:
            return function(*args, **kwargs)
        finally:
            parent.reset(token)

    return call


def bind_executors(thread):
    """Let what runs in a ``ThreadPoolExecutor`` of the module `thread` print under the cell that submitted it.

    The threads of a pool inherit the context of whoever made the pool grow, which is another cell's as a rule.
    """
    submit = thread.ThreadPoolExecutor.submit

    def submit_bound(self, fn, /, *args, **kwargs):
        return submit(self, bind(fn), *args, **kwargs)

    submit_bound.__name__, submit_bound.__qualname__, submit_bound.__doc__ = (
        submit.__name__,
        submit.__qualname__,
        submit.__doc__,
    )
    thread.ThreadPoolExecutor.submit = submit_bound
