"""Programs that a cell waits for, each in a process group of its own, so that all of it can be ended."""

import asyncio
import contextlib
import os
import signal

#: Seconds that a program may take to end after each signal.
PATIENCE = 0.5


class ProcessGroup:
    """A program that was started with ``process_group=0`` and all that it starts.

    `process` is an ``asyncio.subprocess.Process``; `output` is awaited for what it writes, and `ended` is its future.
    """

    def __init__(self, process, output):
        self.process = process
        self.ended = asyncio.ensure_future(output)
        #: What ended it after an interrupt: a past participle.
        self.fate = None

    async def interrupt(self):
        """As Ctrl-C; what does not end of it is ended."""
        exited = asyncio.ensure_future(self.process.wait())
        try:
            for number, self.fate in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")):
                signal_group(self.process, number)
                await asyncio.wait([exited], timeout=PATIENCE)
                if exited.done():
                    break
            else:
                self.fate = "killed"
        finally:
            # What the program left behind would keep its output open.
            self.kill()
        await asyncio.shield(self.ended)

    def kill(self):
        """End the whole process group, now."""
        signal_group(self.process, signal.SIGKILL)


def signal_group(process, number):
    """Send a signal to what is left of the group of `process`."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
