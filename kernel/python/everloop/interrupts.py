"""An interrupt that is raised in a destructor ends nothing but that: the code that runs gets it once more."""

import sys

import _everloop


def install():
    """Take the place of ``sys.unraisablehook``, which is called for what a destructor raises."""
    before = sys.unraisablehook

    def unraisablehook(unraisable):
        if not (isinstance(unraisable.exc_value, KeyboardInterrupt) and _everloop.interrupt_again()):
            before(unraisable)

    sys.unraisablehook = sys.__unraisablehook__ = unraisablehook
