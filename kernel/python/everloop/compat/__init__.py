"""Libraries that expect another interpreter or another shell, and what they need from this one."""


def install():
    """Make the repairs that are needed from the start, and watch for the imports that need one."""
    from everloop.compat import (
        access,
        annotations,
        classes,
        curio,
        extensions,
        hypothesis,
        ipywidgets,
        missing,
        negative_numbers,
        nest_asyncio,
        openpyxl,
        operators,
        pint,
        pip,
        prompt_toolkit,
        pygal,
        pygments,
        pytest,
        signals,
        sockets,
        sqlite,
        subprocesses,
        svg,
        sysconfig,
        traitlets,
        trio,
    )

    for repair in (
        access,
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
        pip,
        prompt_toolkit,
        pygal,
        pygments,
        pytest,
        signals,
        sockets,
        sqlite,
        subprocesses,
        svg,
        sysconfig,
        traitlets,
        trio,
        # Last: it is asked when nobody else knows a module.
        extensions,
    ):
        repair.install()
