"""Libraries that expect another interpreter or another shell, and what they need from this one."""


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        curio,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        prompt_toolkit,
        signals,
        sockets,
        subprocesses,
        svg,
        trio,
    )

    for repair in (
        curio,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        prompt_toolkit,
        signals,
        sockets,
        subprocesses,
        svg,
        trio,
    ):
        repair.install()
