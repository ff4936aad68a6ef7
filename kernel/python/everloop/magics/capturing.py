"""Output that is captured in one context and nowhere else."""

import sys
from contextvars import ContextVar, copy_context
from io import StringIO

from IPython.core.displayhook import CapturingDisplayHook
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.utils.capture import CapturedIO

#: The captures that the running code is inside of.
_captures = ContextVar("everloop_captures", default=())


class Capture:
    """IPython's ``capture_output`` for code that awaits: what other tasks show meanwhile is not captured.

    Tasks that are started inside are inside, until the capture ends.
    """

    def __init__(self, shell, stdout=True, stderr=True, display=True):
        self._shell = shell
        self._wanted = stdout, stderr, display
        self._places = []
        self.is_over = False

    def __enter__(self):
        stdout, stderr, display = self._wanted
        texts = [StringIO() if wanted else None for wanted in (stdout, stderr)]
        for name, text in zip(("stdout", "stderr"), texts, strict=True):
            if text is not None:
                self._take(sys, name, text)
        outputs = None
        if display:
            publisher = CapturingDisplayPublisher()
            outputs = publisher.outputs
            self._take(self._shell, "display_pub", publisher)
            self._take(sys, "displayhook", CapturingDisplayHook(self._shell, outputs))
        _captures.set((*_captures.get(), self))
        return CapturedIO(*texts, outputs)

    def __exit__(self, *error):
        self.is_over = True
        _captures.set(tuple(capture for capture in _captures.get() if capture is not self))
        for owner, name, original in self._places:
            now = getattr(owner, name)
            # A capture that began later and goes on has its own in this place.
            if not isinstance(now, _Divided) or now.is_over:
                setattr(owner, name, _still_valid(original))

    def _take(self, owner, name, captured):
        original = getattr(owner, name)
        self._places.append((owner, name, original))
        setattr(owner, name, _Divided(self, captured, original))


def _still_valid(original):
    while isinstance(original, _Divided) and original.is_over:
        original = original.original
    return original


class _Divided:
    """Two of a kind in one place: `captured` for code inside of `capture`, `original` for all other."""

    def __init__(self, capture, captured, original):
        self._capture = capture
        self._captured = captured
        self.original = original

    @property
    def is_over(self):
        return self._capture.is_over

    def _mine(self):
        # Through the context: RustPython's `ContextVar.get` may give the value of one that is gone.
        is_inside = not self.is_over and self._capture in copy_context().get(_captures, ())
        return self._captured if is_inside else self.original

    def __getattr__(self, name):
        return getattr(self._mine(), name)

    def __call__(self, *args, **kwargs):
        return self._mine()(*args, **kwargs)

    def __iter__(self):
        return iter(self._mine())
