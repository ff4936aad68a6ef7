"""``operator.length_hint`` with a default below 0, which RustPython refuses; ``tqdm.contrib.concurrent`` asks with -1."""

import functools
import sys

from everloop.compat.imports import after_import


def install():
    """Mend the function in the module, wherever it is taken from there later."""
    after_import("operator", _mend)


def _mend(module):
    native = module.length_hint

    @functools.wraps(native)
    def length_hint(obj, default=0, /):
        if not isinstance(default, int) or default >= 0:
            return native(obj, default)
        # No length can be as large.
        hint = native(obj, sys.maxsize)
        return default if hint == sys.maxsize else hint

    module.length_hint = length_hint
