"""``nest_asyncio.apply()``, the first cell of many notebooks.

What it is for is true of an ``EverLoop`` already. What it does, asyncio's classes replaced by versions of its own in
Python, would take the loop's turns, the tasks and ``asyncio.run`` away from it. So it does nothing here, but to a loop
that is not an ``EverLoop``.
"""

import functools

from everloop.compat.imports import after_import


def install():
    """Watch for the import of the library and of its successor."""
    after_import("nest_asyncio", _replace)
    after_import("nest_asyncio2", _replace)


def _replace(module):
    from asyncio import events

    from everloop.loop import EverLoop

    original = module.apply

    @functools.wraps(original)
    def apply(loop=None, **options):
        loop = loop or events._get_running_loop()
        if loop is not None and not isinstance(loop, EverLoop):
            original(loop, **options)

    module.apply = apply
