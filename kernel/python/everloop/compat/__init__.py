"""Libraries that expect another interpreter or another shell, and what they need from this one."""


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        access,
        curio,
        extensions,
        ipywidgets,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        pip,
        prompt_toolkit,
        pygal,
        pygments,
        signals,
        sockets,
        subprocesses,
        svg,
        sysconfig,
        traitlets,
        trio,
    )

    for repair in (
        access,
        curio,
        ipywidgets,
        missing,
        nbformat,
        negative_numbers,
        nest_asyncio,
        pip,
        prompt_toolkit,
        pygal,
        pygments,
        signals,
        sockets,
        subprocesses,
        svg,
        sysconfig,
        traitlets,
        trio,
        # Last: it is asked when nobody else knows a module.
        extensions,
    ):
        repair.install()
