"""Python as a program (``everloop python``): the environment's packages, and ``EverLoop`` as asyncio's loop."""

import sys

from everloop import compat, executable
from everloop.compat.imports import after_import


def prepare():
    """Called before the program: once asyncio is imported, new loops are ``EverLoop``."""
    executable.correct()
    if not sys.flags.ignore_environment:
        from everloop import environment

        environment.activate()
    after_import("asyncio", _take_over)
    compat.install()


def _take_over(asyncio):
    from everloop import takeover

    takeover.install(asyncio)
