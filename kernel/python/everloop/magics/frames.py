"""Tracebacks without the frames of everloop itself: what the user sees is the user's."""

from everloop.tracebacks import is_ours


def without_ours(error, tb):
    """`tb`, the traceback of `error`, without our frames; those that `error` came from lose theirs too."""
    seen = set()
    cause = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if cause is not error:
            cause.__traceback__ = _stripped(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
    # A mistake of the kernel's own keeps its frames: without them nobody could find it.
    return _stripped(tb) or tb


def _stripped(tb):
    head = tb = _skipped(tb)
    while tb is not None:
        # What is left out is freed after the assignment: in it, RustPython holds a lock that whoever looks at this traceback then
        # would wait for, and freeing a task shows tracebacks.
        before = tb.tb_next
        following = _skipped(before)
        if following is not before:
            tb.tb_next = following
        tb = following
    return head


def _skipped(tb):
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb
