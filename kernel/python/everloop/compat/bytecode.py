"""The names of the files with compiled modules, in ``__pycache__``.

RustPython gives them CPython 3.14's names, and CPython's mark of their format, but what is in them is its own. In an environment
of that Python each of the two would take the other's.
"""

import sys


def install():
    """Use other names."""
    sys.implementation.cache_tag = f"rustpython-{sys.version_info.major}{sys.version_info.minor}"
