"""What uvloop's tests ask of uvloop, answered by EverLoop."""

import asyncio
import os

from everloop.loop import EverLoop, EverLoopPolicy

Loop = EverLoop
EventLoopPolicy = EverLoopPolicy
run = asyncio.run


def new_event_loop():
    """A loop to be judged; asyncio's own, to see whether a failure is ours, with ``UVLOOP_SUITE_LOOP=asyncio``."""
    if os.environ.get("UVLOOP_SUITE_LOOP") == "asyncio":
        return asyncio.SelectorEventLoop()
    return EverLoop()


def install():
    """As ``uvloop.install``."""
    asyncio.set_event_loop_policy(EventLoopPolicy())


# The rest of the package is uvloop's.
__path__.append(os.path.join(os.environ["UVLOOP_SUITE"], "uvloop"))
