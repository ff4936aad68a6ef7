"""A selector with which curio's kernel comes back instead of waiting."""

import selectors
import time
from selectors import EVENT_READ, SelectorKey

#: What is watched in the place of a descriptor by the task that lets the kernel come back.
DOORBELL = -1

SLICE = 0.001


class SteppedSelector:
    """A selector that does not wait while a task waits for :data:`DOORBELL`: it says that the doorbell rings.

    It says so as well when tasks have been ready for :data:`SLICE` seconds, since others want to run too.

    `timeout` is how long the kernel would have waited then, None if for ever; `tasks_run` counts the tasks that ran
    since.
    """

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._visitor = None
        self._come_back_at = 0
        self.timeout = None
        self.tasks_run = 0

    def fileno(self):
        """A descriptor that is readable when one of those that are watched is ready."""
        return self._selector.fileno()

    def select(self, timeout=None):
        if self._visitor is None:
            return self._selector.select(timeout)
        events = self._selector.select(0)
        if timeout == 0 and time.monotonic() < self._come_back_at:
            return events
        self.timeout, self.tasks_run = 0 if events else timeout, 0
        visitor, self._visitor = self._visitor, None
        return [*events, (SelectorKey(DOORBELL, DOORBELL, EVENT_READ, visitor), EVENT_READ)]

    def get_key(self, file):
        if file == DOORBELL:
            return SelectorKey(DOORBELL, DOORBELL, 0, (None, None))
        return self._selector.get_key(file)

    def register(self, file, events, data=None):
        return self._selector.register(file, events, data)

    def modify(self, file, events, data=None):
        if file == DOORBELL:
            self._visitor, self._come_back_at = data, time.monotonic() + SLICE
            return None
        return self._selector.modify(file, events, data)

    def unregister(self, file):
        if file == DOORBELL:
            self._visitor = None
            return None
        return self._selector.unregister(file)

    def close(self):
        self._selector.close()
