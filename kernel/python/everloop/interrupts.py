"""An interrupt that is raised in a destructor ends nothing but that: the code that runs gets it once more."""

import functools
import sys

import _everloop


def install():
    """Take the place of ``sys.unraisablehook``, which is called for what a destructor raises."""
    # No function of Python's, which would be the next code to run, and be interrupted itself.
    hook = functools.partial(_everloop.unraisable, sys.unraisablehook)
    sys.unraisablehook = sys.__unraisablehook__ = hook
