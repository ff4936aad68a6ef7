"""SIGINT while another library's scheduler is on the stack: raised in user code, and nowhere else."""

import signal
import sys
import threading


class DeferredInterrupts:
    """Keeps an interrupt out of a scheduler that runs in steps on the loop.

    `is_protected` tells of a frame, called in the handler, whether what was interrupted there is the scheduler and not
    user code. Such an interrupt waits until the step is over.
    """

    def __init__(self, loop, is_protected):
        self._loop = loop
        self._is_protected = is_protected
        self._handle = None
        self._is_stepping = False
        self._was_interrupted = False
        self._is_deferred = False

    def install(self):
        """Take the place of the handler that the kernel has; one of the user's stays."""
        handler = signal.getsignal(signal.SIGINT)
        if handler is signal.default_int_handler and threading.current_thread() is threading.main_thread():
            self._handle = handler
            signal.signal(signal.SIGINT, self._interrupted)

    def uninstall(self):
        """Give the place back, if it is still ours."""
        if self._handle is not None and signal.getsignal(signal.SIGINT) == self._interrupted:
            signal.signal(signal.SIGINT, self._handle)

    def step(self, step):
        """Call `step`, which is a step of the scheduler."""
        outer, self._is_stepping = self._is_stepping, True
        self._was_interrupted = False
        try:
            step()
        finally:
            self._is_stepping = outer

    def _handle_deferred(self, signum):
        self._is_deferred = False
        self._handle(signum, None)

    def _interrupted(self, signum, frame):
        if not self._is_stepping:
            self._handle(signum, frame)
        elif self._is_protected(sys._getframe(1)):
            # Once: a second call would find nobody meant, and take itself for a new interrupt.
            if not self._is_deferred:
                self._is_deferred = True
                self._loop.call_soon(self._handle_deferred, signum)
        else:
            self._handle(signum, frame)
            # No cell's code, or it would have raised: a background task's, which holds the loop up.
            if self._was_interrupted:
                raise KeyboardInterrupt
            self._was_interrupted = True
