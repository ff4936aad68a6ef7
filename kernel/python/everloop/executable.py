"""This program as Python sees it, when it lies in the environment of another Python, as a wheel puts it there."""

import os
import sys


def correct():
    """Let virtual environments be made from this program.

    The interpreter takes what they are made from out of the environment's ``pyvenv.cfg``, and the Python that the
    environment was made from has no everloop beside it.
    """
    if not os.path.isfile(sys._base_executable):
        sys._base_executable = os.path.realpath(sys.executable)
