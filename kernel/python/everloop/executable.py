"""This program as Python sees it, when it lies in the environment of another Python, as a wheel puts it there."""

import os
import sys


def correct():
    """Let ``sys.executable`` and what virtual environments are made from name this program.

    The interpreter takes them from the first word of the command line and from the environment's ``pyvenv.cfg``: the
    kernelspec of the wheel names the program from its own directory, and the Python that the environment was made from
    has no everloop beside it.
    """
    if not sys.executable:
        return
    if os.pardir in sys.executable.split(os.sep):
        sys.executable = os.path.realpath(sys.executable)
    if not os.path.isfile(sys._base_executable):
        sys._base_executable = os.path.realpath(sys.executable)
