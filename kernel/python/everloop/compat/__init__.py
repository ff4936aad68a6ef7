"""Libraries that expect another interpreter or another shell, and what they need from this one."""


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        annotations,
        classes,
        curio,
        hypothesis,
        ipywidgets,
        missing,
        negative_numbers,
        nest_asyncio,
        openpyxl,
        operators,
        pint,
        prompt_toolkit,
        pygments,
        pytest,
        signals,
        sockets,
        sqlite,
        subprocesses,
        svg,
        traitlets,
        trio,
    )

    for repair in (
        annotations,
        classes,
        curio,
        hypothesis,
        ipywidgets,
        missing,
        negative_numbers,
        nest_asyncio,
        openpyxl,
        operators,
        pint,
        prompt_toolkit,
        pygments,
        pytest,
        signals,
        sockets,
        sqlite,
        subprocesses,
        svg,
        traitlets,
        trio,
    ):
        repair.install()
