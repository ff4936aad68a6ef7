"""``functools.lru_cache`` that stays as large as it is told to be: RustPython's grows by each hit."""

import functools

import _everloop


def install():
    """Let the caches that are made from now on be ours."""
    functools._lru_cache_wrapper = _everloop._lru_cache_wrapper
