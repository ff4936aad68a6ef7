"""``os.access``, which in RustPython looks at the bits of the mode alone: a read-only file system looks as if it could be written.

pip asks it where it can install.
"""

import os

import _everloop

#: RustPython's own.
ORIGINAL = os.access


def install():
    """Ask the operating system."""
    os.access = access


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    """As CPython's: ``faccessat`` with the identity of the process."""
    return _everloop.access(os.fsencode(path), mode, dir_fd, effective_ids, follow_symlinks)
