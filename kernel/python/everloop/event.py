"""``asyncio.Event`` for the kernel itself, which runs cells before anybody has imported asyncio."""

import _asyncio


class Event:
    """Happens once, and is waited for by tasks of the kernel's loop."""

    def __init__(self):
        self._is_set = False
        self._waiting = []

    def is_set(self):
        """Whether it has happened."""
        return self._is_set

    def set(self):
        """It has happened: wake those that wait."""
        self._is_set = True
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self):
        """Return when it has happened."""
        if self._is_set:
            return
        future = _asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            self._waiting.remove(future)
