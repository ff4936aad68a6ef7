"""The environment that everloop was installed for, and its packages."""

import os
import sys


def add_site_packages():
    """Let modules be imported from the environment that ``EVERLOOP_ENVIRONMENT`` names, if it names one."""
    sys.path.extend(_site_packages(os.environ.get("EVERLOOP_ENVIRONMENT")))


def _site_packages(environment):
    """The directories of the environment's own Python that hold its packages; ours are pure Python, whatever its version."""
    if not environment:
        return []
    lib = os.path.join(environment, "lib")
    try:
        pythons = sorted(name for name in os.listdir(lib) if name.startswith("python3"))
    except OSError:
        return []
    candidates = [os.path.join(lib, python, "site-packages") for python in pythons]
    return [path for path in candidates if os.path.isdir(path)]
