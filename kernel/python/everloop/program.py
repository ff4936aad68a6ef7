"""Python as a program (``everloop python``): the environment's packages, and ``EverLoop`` as asyncio's loop."""

import sys

from everloop.compat.imports import after_import


def prepare():
    """Called before the program: once asyncio is imported, new loops are ``EverLoop``."""
    if not sys.flags.ignore_environment:
        from everloop.environment import add_site_packages

        add_site_packages()
    after_import("asyncio", lambda _asyncio: _use_everloop())


def _use_everloop():
    from everloop import byte_streams, loop, reentry

    loop.install()
    reentry.install()
    byte_streams.install()
