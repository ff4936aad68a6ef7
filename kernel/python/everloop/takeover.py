"""What of asyncio is everloop's own, put in its place: in the kernel, and in ``everloop python``.

``asyncio.Future`` and ``asyncio.Task`` need nothing here: they are in the module ``_asyncio``, which is ours.
"""

import _asyncio


def install(asyncio):
    """Make ``EverLoop`` the loop of asyncio, and the classes and functions of everloop those of asyncio."""
    from everloop import byte_streams, loop, queues, reentry

    loop.install()
    # Awaited by every `sleep(0)`, it is a generator in asyncio.
    asyncio.tasks.__sleep0 = _asyncio._sleep0
    reentry.install()
    byte_streams.install()
    queues.install()
