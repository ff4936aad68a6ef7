"""What the first cell says about the kernel itself."""

import os


def remarks():
    """Lines for stderr, about what keeps the kernel from being whole and nobody has asked for yet."""
    environment = os.environ.get("EVERLOOP_ENVIRONMENT")
    if environment and not os.path.isdir(environment):
        yield (
            f"The environment of this kernel, {environment}, was removed: cells run without its packages. "
            "`everloop install` in another one gives the kernel that.\n"
        )
