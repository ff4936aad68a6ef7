"""What the first cell says about the kernel itself."""

import os

from everloop import environment


def remarks():
    """Lines for stderr, about what keeps the kernel from being whole and nobody has asked for yet."""
    directory = environment.directory()
    if directory and not os.path.isdir(directory):
        yield (
            f"The environment of this kernel, {directory}, was removed: cells run without its packages. "
            "`everloop install` in another one gives the kernel that.\n"
        )
