"""``functools.lru_cache`` that stays as large as it is told to be: RustPython's grows by each hit."""

import _everloop
from everloop.compat.imports import after_import


def install():
    """Let the caches that are made from now on be ours."""
    after_import("functools", _replace)


def _replace(functools):
    functools._lru_cache_wrapper = _everloop._lru_cache_wrapper
