"""Libraries that expect another interpreter or another shell, and what they need from this one."""


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        curio,
        ipywidgets,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        prompt_toolkit,
        pygal,
        pygments,
        signals,
        sockets,
        subprocesses,
        svg,
        traitlets,
        trio,
    )

    for repair in (
        curio,
        ipywidgets,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        prompt_toolkit,
        pygal,
        pygments,
        signals,
        sockets,
        subprocesses,
        svg,
        traitlets,
        trio,
    ):
        repair.install()
